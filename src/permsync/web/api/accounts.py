"""
GET /v1/accounts: linked accounts and how they do; GET /v1/accounts/{account}: what became of one.

This module must not know how an account is repaired.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from permsync.flows.authenticate_key import Scope
from permsync.flows.list_accounts import list_accounts
from permsync.flows.show_history import show_history
from permsync.web.account_facts import AccountFacts, account_facts
from permsync.web.history_facts import HistoryFacts, history_facts
from permsync.web.keys import KeyedRoute, needs
from permsync.web.openapi import NO_SUCH, PROBLEMS
from permsync.web.site import services_of
from permsync.web.wire import (
    FIRST_PAGE,
    LARGEST_PAGE,
    Cursor,
    HostName,
    Id,
    Question,
    cursor_of,
    parse_cursor,
)

router = APIRouter(route_class=KeyedRoute)


class AccountsQuestion(Question):
    """Which accounts: of one user, at one host, or all."""

    user: Id | None = None
    host: HostName | None = None
    cursor: Cursor | None = None
    limit: int = Field(default=FIRST_PAGE, ge=1, le=LARGEST_PAGE)


class AccountPage(BaseModel):
    """Accounts by ascending id; ``next_cursor`` is null on the last page."""

    accounts: list[AccountFacts]
    next_cursor: str | None


@router.get(
    "/accounts",
    summary="Linked accounts and how they do",
    openapi_extra=needs(Scope.ACCOUNTS),
    responses=PROBLEMS,
)
async def list_standing(
    request: Request, question: Annotated[AccountsQuestion, Query()]
) -> AccountPage:
    """List accounts, unlinked ones included; never a token, never a host's own words."""
    page = await list_accounts(
        services_of(request),
        user_id=None if question.user is None else int(question.user),
        host=question.host,
        after=parse_cursor(question.cursor),
        limit=question.limit,
    )
    return AccountPage(
        accounts=[account_facts(standing) for standing in page.items],
        next_cursor=cursor_of(page.next_after),
    )


@router.get(
    "/accounts/{account}",
    summary="What became of one account lately",
    openapi_extra=needs(Scope.ACCOUNTS),
    responses={**PROBLEMS, **NO_SUCH},
)
async def show_one(request: Request, account: Annotated[Id, Path()]) -> HistoryFacts:
    """Tell its last refresh attempts, syncs and revocations, in our words."""
    return history_facts(await show_history(services_of(request), int(account)))
