"""
The front page: a welcome for strangers, Linked accounts for who is signed in.

What is decided here: which of the two it is, when a page is told that nothing changed, and
which notice a redirect brought along. A notice is looked up by a code from a closed set, so
no address can put words on the page. This module must not know how a card looks.
"""

from http import HTTPStatus
from math import ceil
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from permsync.errors import LinkRefusal, UnknownError
from permsync.flows.list_accounts import load_own_account
from permsync.flows.show_accounts import show_account, show_accounts
from permsync.web import sentences
from permsync.web.pages.groups import Groups, groups_of
from permsync.web.pages.rendering import page
from permsync.web.sessions import SignedIn, Visitor, find_visitor
from permsync.web.site import services_of
from permsync.web.wire import Id

router = APIRouter(include_in_schema=False)


@router.get("/")
async def show_home(request: Request) -> HTMLResponse:
    """Welcome, or the person's accounts."""
    visitor = await find_visitor(request)
    notice = notice_of(request)
    if visitor is None:
        return page(request, "welcome.html", {"notice": notice, "visitor": None})
    groups = await _groups(request, visitor)
    shown = {"visitor": visitor, "notice": notice, "groups": groups}
    return page(request, "home.html", {**shown, "reload_in": ceil(groups.look_ms / 1000) + 1})


@router.get("/accounts")
async def look_again(request: Request, visitor: SignedIn, seen: str = "") -> Response:
    """The two groups alone, for a page that is open; 204 if it shows them as they are."""
    groups = await _groups(request, visitor)
    if seen == groups.seen:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return page(request, "accounts.html", {"visitor": visitor, "groups": groups})


async def _groups(request: Request, visitor: Visitor) -> Groups:
    services = services_of(request)
    return groups_of(services, await show_accounts(services, visitor.user.id))


@router.get("/accounts/{account}/disconnect")
async def confirm_disconnect(
    request: Request, account: Annotated[Id, Path()], visitor: SignedIn
) -> HTMLResponse:
    """Ask first, and say what will happen."""
    services = services_of(request)
    held = await load_own_account(services, int(account), user_id=visitor.user.id)
    cards = groups_of(services, [await show_account(services, held.id)]).cards
    if not cards:
        raise UnknownError(what="account", name=account)
    return page(request, "disconnect.html", {"visitor": visitor, "notice": None, "card": cards[0]})


def notice_of(request: Request) -> tuple[str, str] | None:
    """A tone and a sentence for the code in the address, if it is one of ours."""
    query = request.query_params
    refused = query.get("link_refused")
    if refused in set(LinkRefusal):
        return "bad", sentences.LINK_REFUSALS[LinkRefusal(refused)]
    if "sign_in_refused" in query:
        return "bad", sentences.sign_in_text(query["sign_in_refused"])
    if "sync_refused" in query:
        return "bad", sentences.failure_text(query["sync_refused"])
    if query.get("sync") == "cancelled":
        return "good", "The sync is cancelled. What was known stays, and the next one is planned."
    if "unlinked" in query:
        told = query.get("revoked") == "yes"
        return "good", DISCONNECTED if told else DISCONNECTED_HERE
    if "linked" in query:
        return "good", "The account is linked."
    return None


DISCONNECTED = "The account is disconnected, and the code host has revoked its tokens."
DISCONNECTED_HERE = (
    "The account is disconnected and its tokens are erased here. The code host did not confirm"
    " that it revoked them; you can remove the authorization in its settings."
)
