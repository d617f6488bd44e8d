"""
One run: list who may read a repository, through a connection, and store the difference.

The order is EVIDENCE R2: claim, list, apply while the claim still stands. A failure is
written on the run; it ends nobody's access, because it is about the connection. Doubt
keeps what is stored.
"""

from datetime import timedelta

from permsync.codehost import Failure, KnownRepository
from permsync.errors import TokenUnavailableError
from permsync.flows.apply_readers import apply_readers
from permsync.flows.ask_connection import ConnectionConversation
from permsync.flows.count_run import count_run
from permsync.flows.deps import ConfiguredConnection, Services
from permsync.flows.find_installation import NOT_INSTALLED
from permsync.flows.list_readers import Readers, list_readers
from permsync.flows.while_open import while_open
from permsync.model import RunState, Trigger
from permsync.rules.connections import connection_for
from permsync.rules.schedule import next_sync_in
from permsync.store import repositories, repository_runs, runs
from permsync.store.repository_runs import RepositoryRun
from permsync.store.runs import Tally
from permsync.telemetry import Event, host_detail, logger

log = logger(__name__)


async def sync_repository(
    services: Services, repository_id: int, trigger: Trigger
) -> RunState | None:
    """
    Run one sync; ``None`` where no connection covers the repository, or it is gone.

    Never raises for what a host does; raises ``DatabaseUnavailableError`` and defects.
    """
    claimed = await _claim(services, repository_id, trigger)
    if claimed is None:
        return None
    run, connection = claimed
    log.info(Event.RUN_STARTED, run=run.id, repository=repository_id, trigger=trigger.value)
    conversation = ConnectionConversation(
        services, connection, owner_id=run.repository.owner_id, reuse=run.held_at is None
    )
    try:
        readers = await while_open(services, run.id, _list(conversation, run))
    finally:
        await conversation.allowance.settle()
    if readers is None:
        state = RunState.ABANDONED
    elif isinstance(readers, Readers):
        state = await apply_readers(services, run, readers, requests=conversation.requests)
    else:
        log.warning(
            Event.HOST_REFUSED,
            run=run.id,
            host=run.repository.host,
            kind=_code(readers),
            detail=host_detail(readers.detail if isinstance(readers, Failure) else ""),
        )
        retry_in = readers.retry_in
        sent = conversation.requests
        state = await _fail(services, run, _code(readers), requests=sent, retry_in=retry_in)
    await count_run(services, run.id, host=run.repository.host)
    log.info(Event.RUN_FINISHED, run=run.id, repository=repository_id, state=state.value)
    return state


async def give_up_repository(
    services: Services, repository_id: int, trigger: Trigger, code: str
) -> None:
    """Write down that a sync ended without a word of its own, and plan the next one."""
    claimed = await _claim(services, repository_id, trigger)
    if claimed is not None:
        run, chosen = claimed
        await _fail(services, run, code, requests=0, retry_in=None)
        await count_run(services, run.id, host=chosen.host)


async def _claim(
    services: Services, repository_id: int, trigger: Trigger
) -> tuple[RepositoryRun, ConfiguredConnection] | None:
    async with services.database.begin() as connection:
        known = await repositories.load(connection, repository_id)
        chosen = connection_for(known, services.connections) if known is not None else None
        host = services.hosts.get(chosen.host) if chosen is not None else None
        if chosen is None or host is None or host.readers is None:
            await repository_runs.stop_listing(connection, repository_id)
            return None
        run = await repository_runs.claim(
            connection, repository_id, trigger, next_due_in=services.durations.sync_every
        )
    return None if run is None else (run, chosen)


async def _list(
    conversation: ConnectionConversation, run: RepositoryRun
) -> Readers | Failure | TokenUnavailableError:
    one, host = run.repository, conversation.configured.readers
    assert host is not None  # noqa: S101 - nothing was claimed where it is
    known = KnownRepository(one.external_id, one.owner_id, one.full_name)
    try:
        return await list_readers(conversation, host, known)
    except TokenUnavailableError as error:
        return error


def _code(failure: Failure | TokenUnavailableError) -> str:
    return failure.kind.value if isinstance(failure, Failure) else failure.reason


async def _fail(
    services: Services,
    run: RepositoryRun,
    code: str,
    *,
    requests: int,
    retry_in: timedelta | None,
) -> RunState:
    """Close the run as failed and plan the next; every stored age stays as it is."""
    async with services.database.begin() as connection:
        state = RunState.ABANDONED
        if await repository_runs.lock_claim(connection, run) is not None:
            state = RunState.FAILED
            failures = await repository_runs.load_failures(connection, run.repository.id) + 1
            due_in = next_sync_in(
                outcome=state,
                failures=failures,
                every=services.durations.sync_every,
                durations=services.durations,
                jitter=services.chance.jitter(),
                retry_in=retry_in,
            )
            await repository_runs.save_unlisted(connection, run, failures=failures, due_in=due_in)
            if code == NOT_INSTALLED:  # covered by nobody until it is found again
                await repository_runs.stop_listing(connection, run.repository.id)
        await runs.finish(connection, run.id, state, Tally(requests=requests), failure=code)
    return state
