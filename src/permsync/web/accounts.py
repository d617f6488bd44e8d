"""
A person's own accounts for browsers: what they are, sync one or not, disconnect one.

What is decided here: everybody reaches only their own accounts; another person's is as
absent as one that never was. This module must not know what a page looks like.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse

from permsync.errors import TokenUnavailableError
from permsync.flows.cancel_sync import cancel_sync
from permsync.flows.list_accounts import list_accounts, load_own_account
from permsync.flows.request_sync import request_sync
from permsync.flows.unlink_account import unlink_account
from permsync.model import Trigger
from permsync.web.account_facts import AccountFacts, account_facts
from permsync.web.return_address import with_query
from permsync.web.sessions import Posted, SignedIn
from permsync.web.site import services_of
from permsync.web.wire import LARGEST_PAGE, Id

router = APIRouter(include_in_schema=False)


class Person(BaseModel):
    """The person who is signed in."""

    id: str
    name: str
    email: str | None


class AvailableHost(BaseModel):
    """A host at which an account can be linked; ``title`` is its kind for people."""

    name: str
    kind: str
    title: str


class Me(BaseModel):
    """Who is signed in, what they linked, and what their forms must carry."""

    user: Person
    csrf: str
    accounts: list[AccountFacts]
    hosts: list[AvailableHost]


@router.get("/me")
async def show_me(request: Request, visitor: SignedIn) -> Me:
    """Everything a page about the signed-in person needs."""
    services = services_of(request)
    user = visitor.user
    page = await list_accounts(services, user_id=user.id, limit=LARGEST_PAGE)
    return Me(
        user=Person(id=str(user.id), name=user.name, email=user.email),
        csrf=visitor.csrf,
        accounts=[account_facts(standing) for standing in page.items],
        hosts=[
            AvailableHost(name=one.name, kind=one.host.kind, title=one.host.title)
            for one in services.hosts.values()
        ],
    )


@router.post("/accounts/{account}/sync")
async def sync(request: Request, account: Annotated[Id, Path()], form: Posted) -> RedirectResponse:
    """Queue a sync; where only the person can help, say so on the way back."""
    services = services_of(request)
    held = await load_own_account(services, int(account), user_id=form.visitor.user.id)
    try:
        actor = f"user:{form.visitor.user.id}"
        placed = await request_sync(services, held.id, Trigger.PERSON, actor=actor)
    except TokenUnavailableError as error:
        address = with_query(form.return_to, account=account, sync_refused=error.reason)
    else:
        address = with_query(form.return_to, account=account, sync=placed.value)
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


@router.post("/accounts/{account}/cancel")
async def cancel(
    request: Request, account: Annotated[Id, Path()], form: Posted
) -> RedirectResponse:
    """Take back a sync that waits or runs."""
    services, user = services_of(request), form.visitor.user
    held = await load_own_account(services, int(account), user_id=user.id)
    await cancel_sync(services, held.id, actor=f"user:{user.id}")
    address = with_query(form.return_to, account=account, sync="cancelled")
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


@router.post("/accounts/{account}/unlink")
async def unlink(
    request: Request, account: Annotated[Id, Path()], form: Posted
) -> RedirectResponse:
    """End the link here, then at the host; ``revoked`` says whether the host confirmed."""
    user = form.visitor.user
    revoked = await unlink_account(
        services_of(request), int(account), user_id=user.id, actor=f"user:{user.id}"
    )
    said = "yes" if revoked else "no"
    address = with_query(form.return_to, unlinked=account, revoked=said)
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)
