"""
Azure DevOps and Microsoft Entra ID: OAuth words, refusals, and pages to sign in at.

A token that is dead is answered with such a page: 203 to programs, the way to it to browsers.
Facts: "Microsoft identity platform and OAuth 2.0 authorization code flow", its AADSTS codes, and
"Rate and usage limits".
"""

import uuid
from http import HTTPStatus

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from permsync.simulator import oauth
from permsync.simulator.consent import consent_routes
from permsync.simulator.dialect import Dialect
from permsync.simulator.exchange import Exchange, Reason, Standing, json_answer
from permsync.simulator.faults import RateLimit
from permsync.simulator.kinds.azure_devops.api import API_ROUTES
from permsync.simulator.kinds.azure_devops.rows import RESOURCE
from permsync.simulator.repositories import AccountState

# Sign-in for people of any directory; a directory's own id may stand in its place.
TENANT = "/organizations/oauth2/v2.0"
UNITS = 200  # throughput units in five minutes
_LASTING = "offline_access"
_REFUSALS = {
    Reason.WRONG_CLIENT: (401, "invalid_client", 7000215, "Invalid client secret provided."),
    Reason.UNKNOWN_GRANT: (400, "unsupported_grant_type", 70003, "Unsupported grant type."),
    Reason.WRONG_REDIRECT: (400, "invalid_grant", 500112, "The reply address does not match."),
    Reason.WRONG_VERIFIER: (400, "invalid_grant", 501481, "The Code_Verifier does not match."),
    Reason.DEAD_CODE: (400, "invalid_grant", 70008, "The provided code has expired."),
    Reason.INACTIVE_PERSON: (400, "invalid_grant", 50057, "The user account is disabled."),
    Reason.DEAD_REFRESH: (
        400,
        "invalid_grant",
        700082,
        "The refresh token has expired due to inactivity.",
    ),
}


def token(exchange: Exchange) -> Response:
    """POST /organizations/oauth2/v2.0/token."""
    client = oauth.client_by_form(exchange)
    pair = oauth.redeem(exchange, client)
    body = oauth.token_body(exchange, pair) | {"token_type": "Bearer"}
    if _LASTING not in pair.scopes:
        body.pop("refresh_token", None)
    if "expires_in" in body:
        body["ext_expires_in"] = body["expires_in"]
    named = [scope for scope in pair.scopes if scope.startswith(RESOURCE)]
    if f"{RESOURCE}/.default" in named:
        named = [f"{RESOURCE}/{scope}" for scope in client.scopes]
    return json_answer(body | {"scope": " ".join(named)}, headers={"Cache-Control": "no-store"})


def refuse(exchange: Exchange, reason: Reason) -> Response:
    """OAuth's codes, and what they are about in a number of Entra's own."""
    status, code, number, text = _REFUSALS[reason]
    traced = {"trace_id": str(uuid.uuid4()), "correlation_id": str(uuid.uuid4())}
    words = f"AADSTS{number}: {text} Trace ID: {traced['trace_id']}"
    body = {
        "error": code,
        "error_description": exchange.words(words),
        "error_codes": [number],
        "timestamp": "2026-11-24 10:00:00Z",
        **traced,
        "error_uri": f"https://login.microsoftonline.com/error?code={number}",
    }
    return json_answer(body, status=status)


def unauthorized(exchange: Exchange, _standing: Standing) -> Response:
    """The page to sign in at, or the way to it for a browser: nothing here changes anything."""
    place = f"{exchange.base}/_signin?realm=dev.azure.com&reply_to={exchange.record.path}"
    accepted = exchange.request.headers.get("accept", "")
    if "html" in accepted and "x-tfs-fedauthredirect" not in exchange.request.headers:
        return Response(status_code=302, headers={"Location": place})
    title = "<title>Azure DevOps Services | Sign In</title>"
    page = f"<!doctype html>{title}<p>{exchange.words('Sign in to go on.')}</p>"
    return HTMLResponse(page, HTTPStatus.NON_AUTHORITATIVE_INFORMATION)


def blocked(exchange: Exchange, _state: AccountState) -> Response:
    """The tokens of somebody whom the directory disabled are simply no longer good."""
    return unauthorized(exchange, Standing.REVOKED)


def rate_limited(exchange: Exchange, limit: RateLimit) -> Response:
    """Status 429 in the words of the API; Entra has its own."""
    if limit.where == "token":
        body = {"error": "temporarily_unavailable", "error_description": exchange.words("Busy.")}
        response = json_answer(body, status=limit.status)
    else:
        text = "TF400733: The request has been canceled: exceeding usage of resource 'Services'."
        response = error(exchange, limit.status, exchange.words(text))
    if limit.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(limit.retry_after_seconds)
    return response


def error(_exchange: Exchange, status: int, text: str) -> Response:
    """The API's error envelope."""
    return json_answer(
        {
            "$id": "1",
            "innerException": None,
            "message": text,
            "typeKey": "VssServiceException",
            "errorCode": 0,
            "eventId": 3000,
        },
        status=status,
    )


def finish(exchange: Exchange, response: Response) -> Response:
    """What answers carry whose caller is asked to wait: nothing is left before delays."""
    wait = response.headers.get("Retry-After")
    if wait is not None:
        response.headers["X-RateLimit-Resource"] = "Services/TSTU"
        response.headers["X-RateLimit-Delay"] = "1.250"
        response.headers["X-RateLimit-Limit"] = str(UNITS)
        response.headers["X-RateLimit-Remaining"] = "0"
        response.headers["X-RateLimit-Reset"] = str(int(exchange.world.now()) + int(wait))
    return response


DIALECT = Dialect(
    routes=(
        *consent_routes(f"{TENANT}/authorize"),
        Route(f"{TENANT}/token", token, methods=["POST"]),
        *API_ROUTES,
    ),
    authorize_path=f"{TENANT}/authorize",
    token_path=f"{TENANT}/token",
    who_path="/_apis/profile/profiles/me",
    api_prefix="/_apis/",
    api_part="/_apis/",
    refuse=refuse,
    unauthorized=unauthorized,
    blocked=blocked,
    rate_limited=rate_limited,
    error=error,
    finish=finish,
)
