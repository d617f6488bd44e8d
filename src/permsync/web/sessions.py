"""
Who a browser is, and whether a form was sent by a page of ours.

What is decided here: the cookies, and three walls before a form changes anything: it does
not come from another site, its session lives, and it carries the token that only our pages
were given. The token is derived from the session's secret, so nothing of it is stored.
This module must not know any form.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from permsync.errors import ForbiddenError, UnauthenticatedError
from permsync.flows.sign_in import user_of_session
from permsync.model import User
from permsync.web.bodies import read_form
from permsync.web.return_address import local_address
from permsync.web.site import Site, services_of, site_of

SESSION = "permsync-session"
BROWSER = "permsync-browser"
LONGEST_SECRET = 200

CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"
RETURN_FIELD = "return_to"
OUR_PAGES = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True)
class Visitor:
    """A signed-in person in one browser; ``secret`` is the session's."""

    user: User
    secret: str = field(repr=False)

    @property
    def csrf(self) -> str:
        """What our pages put into their forms."""
        digest = hmac.digest(self.secret.encode(), b"csrf", hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True)
class OwnForm:
    """A form that a page of ours sent for this visitor."""

    visitor: Visitor
    return_to: str


def read_cookie(request: Request, name: str) -> str | None:
    """The secret in a cookie of ours."""
    secret = request.cookies.get(_cookie_name(site_of(request), name))
    return secret if secret and len(secret) <= LONGEST_SECRET else None


def set_cookie(
    response: Response, site: Site, *, name: str, secret: str, lives_in: timedelta
) -> None:
    """Give the browser a secret that no script and no other site can read."""
    response.set_cookie(
        _cookie_name(site, name),
        secret,
        max_age=max(1, int(lives_in.total_seconds())),
        path="/",
        secure=site.secure,
        httponly=True,
        samesite="lax",
    )


def delete_cookie(response: Response, site: Site, name: str) -> None:
    """Have the browser forget a secret."""
    response.delete_cookie(
        _cookie_name(site, name), path="/", secure=site.secure, httponly=True, samesite="lax"
    )


def _cookie_name(site: Site, name: str) -> str:
    """With the prefix, no neighbour under another name of the domain can plant one."""
    return f"__Host-{name}" if site.secure else name


async def find_visitor(request: Request) -> Visitor | None:
    """Who is signed in in this browser, if anybody is."""
    secret = read_cookie(request, SESSION)
    if secret is None:
        return None
    user = await user_of_session(services_of(request), secret)
    return None if user is None else Visitor(user, secret)


async def _need_visitor(request: Request) -> Visitor:
    visitor = await find_visitor(request)
    if visitor is None:
        raise UnauthenticatedError
    return visitor


async def _need_own_form(request: Request) -> OwnForm:
    check_site(request)
    visitor = await _need_visitor(request)
    fields = await read_form(request)
    sent = fields.get(CSRF_FIELD) or request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(sent.encode(), visitor.csrf.encode()):
        raise ForbiddenError(needed="a form of this site")
    return OwnForm(visitor, local_address(fields.get(RETURN_FIELD)))


def check_site(request: Request) -> None:
    """
    Refuse what a browser says another site sent; raises ``ForbiddenError``.

    An origin of ``null`` says nothing: our own pages send it too, because they send no
    referrer (Fetch, "append a request Origin header"). The token decides then.
    """
    where = request.headers.get("sec-fetch-site", "none").lower()
    origin = request.headers.get("origin", "null").lower()
    if where not in OUR_PAGES or origin not in {"null", site_of(request).origin}:
        raise ForbiddenError(needed="a page of this site")


SignedIn = Annotated[Visitor, Depends(_need_visitor)]
Posted = Annotated[OwnForm, Depends(_need_own_form)]
