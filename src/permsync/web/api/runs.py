"""
/v1/runs: the syncs that were and are, newest first; cancelling one that runs.

What is decided here: a run that ended by itself is no error to whoever cancels it; its state
tells. This module must not know how a run stops.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from permsync.flows.authenticate_key import Scope
from permsync.flows.cancel_sync import cancel_run
from permsync.flows.list_runs import list_runs, show_run
from permsync.model import RunState
from permsync.web.account_facts import RunFacts, run_facts
from permsync.web.keys import KeyedRoute, actor_of, needs
from permsync.web.openapi import NO_SUCH, PROBLEMS
from permsync.web.site import services_of
from permsync.web.wire import (
    FIRST_PAGE,
    LARGEST_PAGE,
    Code,
    Cursor,
    Id,
    Question,
    cursor_of,
    parse_cursor,
)

router = APIRouter(route_class=KeyedRoute)
RESPONSES = {**PROBLEMS, **NO_SUCH}


class RunsQuestion(Question):
    """Which runs: of one account, of one repository's readers, in a state, for a reason."""

    account: Id | None = None
    repository: Id | None = None
    state: RunState | None = None
    failure: Code | None = None
    cursor: Cursor | None = None
    limit: int = Field(default=FIRST_PAGE, ge=1, le=LARGEST_PAGE)


class RunList(BaseModel):
    """Runs, the newest first; ``next_cursor`` is null on the last page."""

    runs: list[RunFacts]
    next_cursor: str | None


@router.get(
    "/runs",
    summary="The syncs that were and are",
    openapi_extra=needs(Scope.ACCOUNTS),
    responses=PROBLEMS,
)
async def list_newest(request: Request, question: Annotated[RunsQuestion, Query()]) -> RunList:
    """List runs, those of people who are disabled included."""
    page = await list_runs(
        services_of(request),
        account_id=None if question.account is None else int(question.account),
        repository_id=None if question.repository is None else int(question.repository),
        state=question.state,
        failure=question.failure,
        before=None if question.cursor is None else parse_cursor(question.cursor),
        limit=question.limit,
    )
    return RunList(
        runs=[run_facts(one) for one in page.items], next_cursor=cursor_of(page.next_before)
    )


@router.get(
    "/runs/{run}",
    summary="One sync",
    openapi_extra=needs(Scope.ACCOUNTS),
    responses=RESPONSES,
)
async def show_one(request: Request, run: Annotated[Id, Path()]) -> RunFacts:
    """Tell how it stands, or what became of it."""
    return run_facts(await show_run(services_of(request), int(run)))


@router.delete(
    "/runs/{run}",
    summary="Cancel a sync that runs",
    openapi_extra=needs(Scope.REFRESH),
    responses=RESPONSES,
)
async def delete_one(request: Request, run: Annotated[Id, Path()]) -> RunFacts:
    """Cancel it: what is known stays, and the next one is planned. One that ended stays so."""
    return run_facts(await cancel_run(services_of(request), int(run), actor=actor_of(request)))


@router.post(
    "/runs/{run}/cancel",
    summary="Cancel a sync that runs, for callers without DELETE",
    openapi_extra=needs(Scope.REFRESH),
    responses=RESPONSES,
)
async def cancel_one(request: Request, run: Annotated[Id, Path()]) -> RunFacts:
    """Do the same."""
    return await delete_one(request, run)
