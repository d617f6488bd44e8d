"""
Linking for browsers: to a host's consent page and back.

What is decided here: where the browser goes next, and that a callback without the session
that set out is another browser's. A refusal leads to the front page with a code of ours;
what the host said is in the log. This module must not know OAuth.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import RedirectResponse

from permsync.errors import LinkRefusal, LinkRefusedError
from permsync.flows.link_account import finish_link, start_link
from permsync.web.return_address import HOME, local_address, with_query
from permsync.web.sessions import Posted, find_visitor
from permsync.web.site import services_of
from permsync.web.wire import HostName

router = APIRouter(include_in_schema=False)


@router.post("/link/{host}")
async def start(
    request: Request, host: Annotated[HostName, Path()], form: Posted
) -> RedirectResponse:
    """Send the browser to the host's consent page."""
    url = await start_link(
        services_of(request),
        host_name=host,
        user=form.visitor.user,
        browser=form.visitor.secret,
        return_to=form.return_to,
    )
    return RedirectResponse(url, HTTPStatus.SEE_OTHER)


@router.get("/link/{host}/callback")
async def finish(request: Request, host: Annotated[HostName, Path()]) -> RedirectResponse:
    """Link what the person consented to; nobody signed in means nobody to link it to."""
    visitor = await find_visitor(request)
    if visitor is None:
        return _refused(host, LinkRefusal.OTHER_BROWSER)
    try:
        linked = await finish_link(
            services_of(request),
            host_name=host,
            query=request.url.query,
            user=visitor.user,
            browser=visitor.secret,
        )
    except LinkRefusedError as error:
        return _refused(host, error.reason)
    address = with_query(local_address(linked.return_to), linked=str(linked.account.id))
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


def _refused(host: str, reason: LinkRefusal) -> RedirectResponse:
    address = with_query(HOME, link_refused=reason.value, host=host)
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)
