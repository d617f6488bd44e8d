"""
One attempt at one job, and what it means for the queue.

What is decided here: a job that outlived too many workers is given up, a database that is
away is nobody's failure, and everything else that leaves a flow is recorded under a code of
ours. Nothing of an exception reaches the queue's tables, only the log, redacted. This
module must not know how jobs are claimed.
"""

from collections.abc import Awaitable

from permsync.errors import DatabaseUnavailableError, PermsyncError
from permsync.store.queue_claims import Job, JobEnd
from permsync.telemetry import Event, logger
from permsync.worker.kinds import JobKind, Round, S, SubjectJob

log = logger(__name__)

# A job that kills its worker would otherwise go round for ever (PEERS, constants).
MOST_RESETS = 5
WORKER_LOST = "worker_lost"
DEFECT = "defect"


async def attempt_job(services: S, kind: JobKind[S], job: Job) -> JobEnd | None:
    """Do the job, or give it up; ``None`` means that it must be tried again later."""
    subject_id = job.repository_id if job.account_id is None else job.account_id
    try:
        match kind, subject_id:
            case Round(run=run), _:
                failure = await _failure_of(job, run(services))
            case SubjectJob() as subject_job, int(known_id):
                failure = await _attempt_subject(services, subject_job, job, known_id)
            case _:
                # Defensive: a row about nothing, which only another program can write.
                failure = _log_failure(job, DEFECT)
    except DatabaseUnavailableError:
        return None
    return JobEnd.SUCCESSFUL if failure is None else JobEnd.EXCEPTION


async def _attempt_subject(
    services: S, kind: SubjectJob[S], job: Job, subject_id: int
) -> str | None:
    if job.resets > MOST_RESETS:
        failure: str | None = _log_failure(job, WORKER_LOST)
    else:
        failure = await _failure_of(job, kind.run(services, subject_id, job.trigger))
    if failure is not None and kind.fail is not None:
        await _failure_of(job, kind.fail(services, subject_id, job.trigger, failure))
    return failure


async def _failure_of(job: Job, flow: Awaitable[object]) -> str | None:
    """The code under which this flow failed; ``DatabaseUnavailableError`` goes through."""
    try:
        await flow
    except DatabaseUnavailableError:
        raise
    except PermsyncError as error:
        return _log_failure(job, error.code)
    except Exception:
        # The wall between jobs: the defect of one must not end its neighbours.
        log.exception(Event.DEFECT, kind=job.kind, account_id=job.account_id)
        return DEFECT
    return None


def _log_failure(job: Job, failure: str) -> str:
    log.warning(
        Event.JOB_FAILED,
        kind=job.kind,
        account_id=job.account_id,
        resets=job.resets,
        failure=failure,
    )
    return failure
