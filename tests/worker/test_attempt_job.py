"""What leaves a flow is a code of ours, and a job that kills workers is given up."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from permsync.errors import DatabaseUnavailableError, TokenUnavailableError
from permsync.model import Durations, Trigger
from permsync.store.engine import Database
from permsync.store.queue_claims import Job, JobEnd, new_worker_id
from permsync.worker.attempt_job import MOST_RESETS, attempt_job
from permsync.worker.kinds import Round, SubjectJob

AWAY = DatabaseUnavailableError(place="here", cure="wait")


@dataclass(frozen=True, slots=True)
class Notebook:
    """Services whose flows write down that they ran; the database is never reached."""

    database: Database = field(default_factory=lambda: Database("postgresql+asyncpg://"))
    durations: Durations = field(default_factory=Durations)
    hosts: Collection[str] = ()
    lines: list[str] = field(default_factory=list)


def job(*, resets: int = 0, account_id: int | None = 7) -> Job:
    return Job(id=1, kind="any", worker_id=new_worker_id(), account_id=account_id, resets=resets)


def account_job(
    *, raising: Exception | None = None, failing: Exception | None = None
) -> SubjectJob[Notebook]:
    async def run(services: Notebook, account_id: int, trigger: Trigger) -> None:
        services.lines.append(f"run {account_id} {trigger.value}")
        if raising is not None:
            raise raising

    async def fail(services: Notebook, account_id: int, _trigger: Trigger, code: str) -> None:
        services.lines.append(f"fail {account_id} {code}")
        if failing is not None:
            raise failing

    return SubjectJob(run=run, fail=fail)


def round_of(*, raising: Exception) -> Round[Notebook]:
    async def run(_services: Notebook) -> None:
        raise raising

    return Round(run=run, every=lambda _durations: timedelta(hours=1))


async def test_a_flow_gets_its_account_and_its_trigger() -> None:
    notebook = Notebook()
    assert await attempt_job(notebook, account_job(), job()) is JobEnd.SUCCESSFUL
    assert notebook.lines == ["run 7 schedule"]


async def test_an_error_of_ours_is_recorded_under_its_code() -> None:
    notebook, kind = Notebook(), account_job(raising=TokenUnavailableError(reason="gone"))
    assert await attempt_job(notebook, kind, job()) is JobEnd.EXCEPTION
    assert notebook.lines[1:] == ["fail 7 token_unavailable"]


async def test_any_other_error_is_recorded_as_a_defect() -> None:
    notebook, kind = Notebook(), account_job(raising=ValueError("the host said so"))
    assert await attempt_job(notebook, kind, job()) is JobEnd.EXCEPTION
    assert notebook.lines[1:] == ["fail 7 defect"]


async def test_a_failure_that_cannot_be_recorded_ends_the_job_all_the_same() -> None:
    notebook = Notebook()
    kind = account_job(raising=ValueError(), failing=ZeroDivisionError())
    assert await attempt_job(notebook, kind, job()) is JobEnd.EXCEPTION


async def test_a_kind_without_a_record_only_logs() -> None:
    async def run(_services: Notebook, _account_id: int, _trigger: Trigger) -> None:
        raise ValueError

    assert await attempt_job(Notebook(), SubjectJob(run=run), job()) is JobEnd.EXCEPTION


@pytest.mark.parametrize(
    "kind",
    [
        account_job(raising=AWAY),
        account_job(raising=ValueError(), failing=AWAY),
        round_of(raising=AWAY),
    ],
)
async def test_a_database_that_is_away_is_no_failure(
    kind: SubjectJob[Notebook] | Round[Notebook],
) -> None:
    assert await attempt_job(Notebook(), kind, job()) is None


async def test_a_job_may_outlive_five_workers() -> None:
    notebook = Notebook()
    end = await attempt_job(notebook, account_job(), job(resets=MOST_RESETS))
    assert (end, MOST_RESETS) == (JobEnd.SUCCESSFUL, 5)
    assert notebook.lines == ["run 7 schedule"]


async def test_a_job_that_outlived_six_is_recorded_as_lost_and_not_run() -> None:
    notebook = Notebook()
    end = await attempt_job(notebook, account_job(), job(resets=MOST_RESETS + 1))
    assert end is JobEnd.EXCEPTION
    assert notebook.lines == ["fail 7 worker_lost"]


async def test_a_round_that_fails_ends_as_any_other_job() -> None:
    kind = round_of(raising=ValueError())
    assert await attempt_job(Notebook(), kind, job(account_id=None)) is JobEnd.EXCEPTION


async def test_a_job_about_no_account_is_not_run() -> None:
    notebook = Notebook()
    assert await attempt_job(notebook, account_job(), job(account_id=None)) is JobEnd.EXCEPTION
    assert notebook.lines == []
