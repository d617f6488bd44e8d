"""
Whether a host knows our OAuth client, its callback address and its scopes.

All is told by answers to questions that spend nothing: a code and a token that nobody has, and
a consent page that nobody is signed in to see. This module must not know how a request is sent.
"""

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from permsync.codehost import Response, TokenGrant, TokenRefusal, TokenRefusalKind
from permsync.rules.host_check import TRY_LATER, Check, Finding, Found, Observed, unasked

# What a page for signing in may answer as well.
_NO_REFUSALS = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
_REFUSALS = frozenset(range(400, 500)) - _NO_REFUSALS


def judge_client(answers: Sequence[TokenGrant | TokenRefusal | str]) -> Finding:
    """
    Whether the host knows our client, by what it says to a code and a token that nobody has.

    It looks at the client first (RFC 6749 5.2), so whoever refuses the code has let the
    client pass.
    """
    if any(isinstance(one, TokenGrant) for one in answers):
        what = "the host gives tokens for a code that it never gave out"
        return Finding(Check.CLIENT, Found.WRONG, what, "do not use it, and tell those who run it")
    kinds = {one.kind for one in answers if isinstance(one, TokenRefusal)}
    if kinds & {TokenRefusalKind.REJECTED, TokenRefusalKind.ACCOUNT_DISABLED}:
        return Finding(Check.CLIENT, Found.OK, "client_id and client_secret are known there")
    if TokenRefusalKind.CLIENT_ERROR in kinds:
        return Finding(
            Check.CLIENT,
            Found.WRONG,
            "the host refuses our client",
            "compare client_id and client_secret with the registration there",
        )
    if TokenRefusalKind.RATE_LIMITED in kinds:
        return Finding(Check.CLIENT, Found.UNKNOWN, "the host limits our requests", TRY_LATER)
    what = "what answers there does not answer as a token endpoint"
    return Finding(Check.CLIENT, Found.UNKNOWN, what, "see to the API first")


def judge_callback(redirect_uri: str, observed: Observed, client: Finding) -> Finding:
    """
    Whether people may be sent back to us, by what a browser gets that is not signed in.

    Most hosts show it a page for signing in, before they look at anything else.
    """
    if isinstance(observed, str):
        return unasked(Check.CALLBACK)
    if error_at(redirect_uri, observed) is not None:
        return Finding(Check.CALLBACK, Found.OK, f"the host sends people back to {redirect_uri}")
    if observed.status not in _REFUSALS:
        cure = "sign in there and link an account to see"
        return Finding(Check.CALLBACK, Found.UNKNOWN, "the host asks people to sign in", cure)
    if client.found is not Found.OK:
        what = "the host shows no consent page to this client"
        return Finding(Check.CALLBACK, Found.UNKNOWN, what, "see to the client first")
    return Finding(
        Check.CALLBACK,
        Found.WRONG,
        f"the host shows no consent page for {redirect_uri}",
        "register this callback address there, letter by letter",
    )


def judge_scopes(
    scopes: Sequence[str],
    redirect_uri: str,
    observed: Observed,
    *,
    held: int,
    lacking: int,
) -> Finding:
    """
    Whether the host knows the scopes we ask for.

    ``held`` counts the linked accounts whose tokens have all of them, as the host said;
    ``lacking`` those that have not.
    """
    asked = ", ".join(scopes)
    if not scopes:
        return Finding(Check.SCOPES, Found.OK, "none is asked for: the registration decides")
    if not isinstance(observed, str) and error_at(redirect_uri, observed) == "invalid_scope":
        cure = "allow them in the registration there, or correct scopes"
        return Finding(Check.SCOPES, Found.WRONG, f"the host does not give {asked}", cure)
    if held:
        return Finding(Check.SCOPES, Found.OK, f"linked accounts hold {asked}")
    if lacking:
        cure = "allow them in the registration there; people then grant them on their page"
        return Finding(Check.SCOPES, Found.WRONG, f"no linked account holds all of {asked}", cure)
    cure = "link an account to see"
    return Finding(Check.SCOPES, Found.UNKNOWN, f"nobody has granted {asked} yet", cure)


def error_at(redirect_uri: str, response: Response) -> str | None:
    """
    The error that a redirect brings back to our own address.

    Empty where it brings none, and ``None`` where it leads elsewhere.
    """
    try:
        target, own = urlsplit(response.headers.get("location", "")), urlsplit(redirect_uri)
    except ValueError:
        return None
    if (target.scheme, target.netloc, target.path) != (own.scheme, own.netloc, own.path):
        return None
    return parse_qs(target.query).get("error", [""])[0]
