"""
GET /missing: a person pastes the address of a repository that they do not see, and learns why.

What is decided here: how an answer is put together, and that its button leads back to it.
This module must not decide a cause, nor what an address means.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from permsync.flows.diagnose_missing import Diagnosed, diagnose_missing
from permsync.rules.diagnosis import Cause, Remedy
from permsync.web import sentences
from permsync.web.pages.groups import title_of
from permsync.web.pages.home import notice_of
from permsync.web.pages.rendering import page
from permsync.web.sessions import SignedIn, Visitor
from permsync.web.site import services_of

router = APIRouter(include_in_schema=False)

PATH = "/missing"
LONGEST = 1_000
LINKING = frozenset({Remedy.LINK, Remedy.RECONNECT, Remedy.GRANT, Remedy.APPROVE})
WORDS = {
    Remedy.LINK: "Link {host}",
    Remedy.RECONNECT: "Reconnect {host}",
    Remedy.GRANT: "Grant access at {host}",
    Remedy.APPROVE: "Approve single sign-on",
    Remedy.LOOK: "Look again",
}
TONES = {
    Cause.VISIBLE: "good",
    Cause.BEING_READ: "busy",
    Cause.NOT_READ_LATELY: "warn",
    Cause.ELSEWHERE: "off",
}
# What a decision says itself is told of these alone: else it tells what is stored.
DECIDED = frozenset({Cause.VISIBLE, Cause.BY_OPERATOR})
Pasted = Annotated[str, Query(max_length=LONGEST)]


@dataclass(frozen=True, slots=True)
class Found:
    """
    One answer, ready to show.

    ``does`` is the button's word, ``action`` where it leads; both are empty where nothing can
    be done here. ``at`` is the instant that ``at_means`` speaks of.
    """

    tone: str
    title: str
    text: str
    does: str = ""
    action: str = ""
    at: datetime | None = None
    at_means: str = ""
    is_running: bool = False


@router.get(PATH)
async def show_missing(
    request: Request, visitor: SignedIn, repository: Pasted = ""
) -> HTMLResponse:
    """The question, and the answer where an address came with it."""
    found = await _found(request, visitor, repository)
    return page(request, "missing.html", {"notice": notice_of(request), **found})


@router.get(f"{PATH}/answer")
async def look_again(request: Request, visitor: SignedIn, repository: Pasted) -> Response:
    """The answer alone, for a page that is open; 204 while it is the same."""
    found = await _found(request, visitor, repository)
    shown = found["found"]
    if isinstance(shown, Found) and shown.is_running:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return page(request, "missing_answer.html", found)


async def _found(request: Request, visitor: Visitor, repository: str) -> dict[str, object]:
    services = services_of(request)
    found = None
    if repository.strip():
        diagnosed = await diagnose_missing(services, visitor.user.id, repository)
        alike = Counter(one.host.title for one in services.hosts.values())
        name = diagnosed.host.name if diagnosed.host else ""
        found = found_of(diagnosed, title=title_of(diagnosed.host, alike, name=name))
    durations = services.durations
    return {
        "visitor": visitor,
        "repository": repository,
        "found": found,
        "again": f"{PATH}?{urlencode({'repository': repository})}",
        "answer": f"{PATH}/answer?{urlencode({'repository': repository})}",
        "look_ms": max(1, int(durations.page_look_running.total_seconds() * 1000)),
    }


def found_of(diagnosed: Diagnosed, *, title: str) -> Found:
    """The answer to show; ``title`` is what people call the host."""
    diagnosis, answer = diagnosed.diagnosis, diagnosed.answer
    cause, remedy = diagnosis.cause, diagnosis.remedy
    text = sentences.CAUSES[cause].format(host=title, owner=diagnosed.owner)
    if answer is not None and cause in DECIDED:
        text = f"{text} {sentences.REASONS[answer.decision.reason]}"
    if diagnosis.failure is not None:
        text = f"{text} {sentences.failure_text(diagnosis.failure)}"
    action = ""
    if remedy in LINKING and diagnosed.host is not None:
        action = f"/link/{diagnosed.host.name}"
    elif remedy is not None:
        action = f"/accounts/{diagnosis.account_id}/sync"
    return Found(
        tone=TONES.get(cause, "bad"),
        title=sentences.CAUSE_TITLES.get(cause, "You do not see it"),
        text=text,
        does=WORDS[remedy].format(host=title) if remedy else "",
        action=action,
        at=diagnosis.at,
        at_means="Until then" if cause is Cause.LOST else "Last read",
        is_running=cause is Cause.BEING_READ,
    )
