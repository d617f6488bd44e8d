"""
Light, dark, or as the system has it: a cookie, so that no script is needed and none flashes.

This module must not know a colour.
"""

from http import HTTPStatus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse

from permsync.web.bodies import read_form
from permsync.web.return_address import local_address
from permsync.web.sessions import RETURN_FIELD, check_site
from permsync.web.site import site_of

COOKIE = "permsync-theme"
THEMES = ("system", "light", "dark")
YEAR_SECONDS = 365 * 86_400

router = APIRouter(include_in_schema=False)


def theme_of(request: Request) -> str:
    """The theme this browser chose."""
    chosen = request.cookies.get(COOKIE, THEMES[0])
    return chosen if chosen in THEMES else THEMES[0]


@router.post("/theme")
async def choose(request: Request) -> RedirectResponse:
    """Remember a theme; anybody may choose, it changes nothing but colours."""
    check_site(request)
    fields = await read_form(request)
    chosen = fields.get("theme", THEMES[0])
    address = local_address(fields.get(RETURN_FIELD))
    response = RedirectResponse(address, HTTPStatus.SEE_OTHER)
    response.set_cookie(
        COOKIE,
        chosen if chosen in THEMES else THEMES[0],
        max_age=YEAR_SECONDS,
        secure=site_of(request).secure,
        httponly=True,
        samesite="lax",
    )
    return response
