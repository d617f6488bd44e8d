"""
The front page: a welcome for strangers, Linked accounts for who is signed in.

What is decided here: what the two groups hold, and which notice a redirect brought along.
A notice is looked up by a code from a closed set, so no address can put words on the page.
This module must not know how a card looks.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import HTMLResponse

from permsync.errors import LinkRefusal
from permsync.flows.deps import Services
from permsync.flows.list_accounts import load_own_account
from permsync.flows.show_accounts import ShownAccount, show_account, show_accounts
from permsync.model import AccountState
from permsync.web import sentences
from permsync.web.pages.cards import Card, card_of
from permsync.web.pages.rendering import page
from permsync.web.sessions import SignedIn, find_visitor
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
    services = services_of(request)
    shown = await show_accounts(services, visitor.user.id)
    cards = _cards(services, shown)
    linked = {card.host for card in cards}
    available = [one for one in services.hosts.values() if one.name not in linked]
    return page(
        request,
        "home.html",
        {
            "visitor": visitor,
            "notice": notice,
            "cards": cards,
            "available": available,
            "running": any(card.is_running for card in cards),
        },
    )


@router.get("/accounts/{account}/card")
async def show_card(
    request: Request, account: Annotated[Id, Path()], visitor: SignedIn
) -> HTMLResponse:
    """One card, for a page that looks again while a sync runs."""
    services = services_of(request)
    await load_own_account(services, int(account), user_id=visitor.user.id)
    shown = await show_account(services, int(account))
    cards = _cards(services, [shown])
    status = HTTPStatus.OK if cards else HTTPStatus.NOT_FOUND
    return page(request, "card.html", {"visitor": visitor, "cards": cards}, status=status)


@router.get("/accounts/{account}/disconnect")
async def confirm_disconnect(
    request: Request, account: Annotated[Id, Path()], visitor: SignedIn
) -> HTMLResponse:
    """Ask first, and say what will happen."""
    services = services_of(request)
    held = await load_own_account(services, int(account), user_id=visitor.user.id)
    shown = {"visitor": visitor, "notice": None, "account": held}
    return page(request, "disconnect.html", shown)


def _cards(services: Services, shown: Sequence[ShownAccount]) -> list[Card]:
    return [
        card_of(
            one.standing,
            title=_title(services, one.standing.account.host),
            visible=one.visible,
            wanted=one.wanted,
        )
        for one in shown
        if one.standing.account.state is not AccountState.UNLINKED
    ]


def _title(services: Services, host: str) -> str:
    configured = services.hosts.get(host)
    return configured.host.title if configured is not None else host


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
    if "unlinked" in query:
        told = query.get("revoked") == "yes"
        return "good", DISCONNECTED if told else DISCONNECTED_HERE
    if "linked" in query:
        return "good", "The account is linked; its permissions are being read now."
    return None


DISCONNECTED = "The account is disconnected, and the code host has revoked its tokens."
DISCONNECTED_HERE = (
    "The account is disconnected and its tokens are erased here. The code host did not confirm"
    " that it revoked them; you can remove the authorization in its settings."
)
