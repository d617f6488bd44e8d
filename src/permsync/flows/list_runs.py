"""
Lists syncs, newest first, a page at a time: of an account, of a repository, or all.

This module must not know who may look.
"""

from dataclasses import dataclass

from permsync.errors import UnknownError
from permsync.flows.deps import Services
from permsync.model import Run, RunState
from permsync.store import run_history


@dataclass(frozen=True, slots=True)
class RunPage:
    """Runs by descending id; ``next_before`` continues, and is ``None`` at the end."""

    items: tuple[Run, ...]
    next_before: int | None


async def list_runs(
    services: Services,
    *,
    account_id: int | None = None,
    repository_id: int | None = None,
    state: RunState | None = None,
    failure: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> RunPage:
    """The next runs before the one with id ``before``; ``failure`` is a code of ours."""
    async with services.database.begin() as connection:
        found = await run_history.load_page(
            connection,
            account_id=account_id,
            repository_id=repository_id,
            state=state,
            failure=failure,
            before=before,
            limit=limit + 1,
        )
    items = tuple(found[:limit])
    return RunPage(items, items[-1].id if len(found) > limit else None)


async def show_run(services: Services, run_id: int) -> Run:
    """One run; raises ``UnknownError``."""
    async with services.database.begin() as connection:
        run = await run_history.load(connection, run_id)
    if run is None:
        raise UnknownError(what="run", name=str(run_id))
    return run
