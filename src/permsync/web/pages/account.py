"""
GET /accounts/{account}: one account of the person, and what became of it lately.

What is decided here: everybody sees their own accounts only; another person's is as absent
as one that never was. This module must not know how an event is told.
"""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import HTMLResponse

from permsync.errors import UnknownError
from permsync.flows.list_accounts import load_own_account
from permsync.flows.show_accounts import show_account
from permsync.flows.show_history import show_history
from permsync.web.pages.events import attempt_event, revocation_event, run_event
from permsync.web.pages.groups import groups_of
from permsync.web.pages.rendering import page
from permsync.web.sessions import SignedIn
from permsync.web.site import services_of
from permsync.web.wire import Id

router = APIRouter(include_in_schema=False)


@router.get("/accounts/{account}")
async def show(request: Request, account: Annotated[Id, Path()], visitor: SignedIn) -> HTMLResponse:
    """The account's state, its next try, and its last refreshes, syncs and revocations."""
    services = services_of(request)
    held = await load_own_account(services, int(account), user_id=visitor.user.id)
    cards = groups_of(services, [await show_account(services, held.id)]).cards
    if not cards:
        raise UnknownError(what="account", name=account)
    history = await show_history(services, held.id)
    link_id = history.standing.account.link_id
    shown = {
        "visitor": visitor,
        "notice": None,
        "card": cards[0],
        "account": history.standing.account,
        "next_try_at": history.next_try_at,
        "parts": (
            ("Token refreshes", [attempt_event(one, link_id=link_id) for one in history.attempts]),
            ("Syncs", [run_event(one) for one in history.runs]),
            ("Old tokens", [revocation_event(one) for one in history.revocations]),
        ),
    }
    return page(request, "account.html", shown)
