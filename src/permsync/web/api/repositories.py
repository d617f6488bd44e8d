"""
GET /v1/users/{user}/repos: which repositories a person may see, in complete pages.

What is decided here: how a page looks. A page is complete or an error, never cut short.
This module must not decide access.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from permsync.flows.authenticate_key import Scope
from permsync.flows.check import AccountName, IdentityName
from permsync.flows.check import Subject as Named
from permsync.flows.find_user import find_user
from permsync.flows.list_readable import Readable, list_readable
from permsync.model import Reason, Source, Visibility
from permsync.web.keys import KeyedRoute, needs
from permsync.web.openapi import NO_SUCH, PROBLEMS
from permsync.web.site import services_of
from permsync.web.wire import (
    FIRST_PAGE,
    LARGEST_PAGE,
    Cursor,
    ExternalId,
    HostName,
    Id,
    Issuer,
    Question,
    Subject,
    cursor_of,
    parse_cursor,
)

router = APIRouter(route_class=KeyedRoute)
RESPONSES = {**PROBLEMS, **NO_SUCH}


class PageQuestion(Question):
    """Which part of a list."""

    cursor: Cursor | None = None
    limit: int = Field(default=FIRST_PAGE, ge=1, le=LARGEST_PAGE)


class IdentityPageQuestion(PageQuestion):
    """The same, of the person with this sign-in identity."""

    issuer: Issuer
    subject: Subject


class AccountPageQuestion(PageQuestion):
    """The same, of the person who holds this account."""

    host: HostName
    id: ExternalId


class ReadableRepository(BaseModel):
    """One repository that may be seen, and why."""

    id: str
    host: str
    external_id: str
    full_name: str
    visibility: Visibility
    reason: Reason
    basis: list[Source]
    synced_at: datetime | None
    stale: bool
    valid_until: datetime | None


class RepositoryPage(BaseModel):
    """
    Repositories by ascending id, as of one revision.

    ``next_cursor`` is null on the last page.
    """

    user: str
    revision: int
    repositories: list[ReadableRepository]
    next_cursor: str | None


# Before the route of an id, which would take these words for one.
@router.get(
    "/users/by-identity/repos",
    summary="The repositories that a person may see, by sign-in identity",
    openapi_extra=needs(Scope.LIST),
    responses=RESPONSES,
)
async def list_by_identity(
    request: Request, question: Annotated[IdentityPageQuestion, Query()]
) -> RepositoryPage:
    """List for the person with this issuer and subject."""
    named = IdentityName(issuer=question.issuer, subject=question.subject)
    return await _page(request, named, question)


@router.get(
    "/users/by-account/repos",
    summary="The repositories that a person may see, by linked account",
    openapi_extra=needs(Scope.LIST),
    responses=RESPONSES,
)
async def list_by_account(
    request: Request, question: Annotated[AccountPageQuestion, Query()]
) -> RepositoryPage:
    """List for the person who holds this account."""
    named = AccountName(host=question.host, external_id=question.id)
    return await _page(request, named, question)


@router.get(
    "/users/{user}/repos",
    summary="The repositories that a person may see",
    openapi_extra=needs(Scope.LIST),
    responses=RESPONSES,
)
async def list_by_id(
    request: Request, user: Annotated[Id, Path()], question: Annotated[PageQuestion, Query()]
) -> RepositoryPage:
    """List for the person with this id of ours."""
    return await _page(request, int(user), question)


async def _page(request: Request, subject: Named, question: PageQuestion) -> RepositoryPage:
    after = parse_cursor(question.cursor)
    services = services_of(request)
    user = await find_user(services, subject)
    page = await list_readable(services, user, after=after, limit=question.limit)
    return RepositoryPage(
        user=str(user.id),
        revision=page.revision,
        repositories=[_shown(readable) for readable in page.items],
        next_cursor=cursor_of(page.next_after),
    )


def _shown(readable: Readable) -> ReadableRepository:
    repository, decision = readable.repository, readable.decision
    return ReadableRepository(
        id=str(repository.id),
        host=repository.host,
        external_id=repository.external_id,
        full_name=repository.full_name,
        visibility=repository.visibility,
        reason=decision.reason,
        basis=list(decision.basis),
        synced_at=decision.synced_at,
        stale=decision.stale,
        valid_until=decision.valid_until,
    )
