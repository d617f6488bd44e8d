"""
Sign-in and sign-out for browsers: to the provider and back, with a session as the result.

What is decided here: which cookie stands where on the way, and where the browser goes next.
A refusal leads to the front page with a code of ours. This module must not know OpenID.
"""

from http import HTTPStatus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse

from permsync.errors import HostUnavailableError, SignInRefusedError
from permsync.flows.sign_in import finish_sign_in, sign_out, start_sign_in
from permsync.web.return_address import HOME, local_address, with_query
from permsync.web.sessions import (
    BROWSER,
    SESSION,
    Posted,
    delete_cookie,
    read_cookie,
    set_cookie,
)
from permsync.web.site import services_of, site_of

router = APIRouter(include_in_schema=False)

UNAVAILABLE = "provider_unavailable"


@router.get("/signin")
async def start(request: Request, return_to: str | None = None) -> RedirectResponse:
    """Send the browser to the provider; the cookie proves later that it is the same one."""
    site, services = site_of(request), services_of(request)
    browser = read_cookie(request, BROWSER) or services.chance.secret()
    try:
        url = await start_sign_in(services, browser=browser, return_to=local_address(return_to))
    except (SignInRefusedError, HostUnavailableError) as error:
        return _refused(error)
    response = RedirectResponse(url, HTTPStatus.FOUND)
    set_cookie(
        response, site, name=BROWSER, secret=browser, lives_in=services.durations.link_attempt
    )
    return response


@router.get("/signin/callback")
async def finish(request: Request) -> RedirectResponse:
    """Begin a session, always under a new secret, and end the one that was there."""
    site, services = site_of(request), services_of(request)
    browser = read_cookie(request, BROWSER) or ""
    try:
        signed_in = await finish_sign_in(services, query=request.url.query, browser=browser)
    except (SignInRefusedError, HostUnavailableError) as error:
        return _refused(error)
    before = read_cookie(request, SESSION)
    if before is not None:
        await sign_out(services, before)
    response = RedirectResponse(local_address(signed_in.return_to), HTTPStatus.SEE_OTHER)
    set_cookie(
        response,
        site,
        name=SESSION,
        secret=signed_in.session,
        lives_in=services.durations.session,
    )
    delete_cookie(response, site, BROWSER)
    return response


def _refused(error: SignInRefusedError | HostUnavailableError) -> RedirectResponse:
    reason = error.reason if isinstance(error, SignInRefusedError) else UNAVAILABLE
    address = with_query(HOME, sign_in_refused=reason)
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


@router.post("/signout")
async def end(request: Request, form: Posted) -> RedirectResponse:
    """End this session here and in the browser."""
    await sign_out(services_of(request), form.visitor.secret)
    response = RedirectResponse(form.return_to, HTTPStatus.SEE_OTHER)
    delete_cookie(response, site_of(request), SESSION)
    return response
