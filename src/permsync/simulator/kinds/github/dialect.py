"""
GitHub (as GitHub Enterprise Server): its OAuth words, its headers, its application endpoints.

Facts: "Authorizing OAuth apps", "Refreshing user access tokens", "Troubleshooting OAuth app
access token request errors" and the REST reference in GitHub's documentation. The token endpoint
answers 200 with an `error` field, form-encoded unless JSON is asked for.
"""

import hashlib
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from permsync.simulator import oauth
from permsync.simulator.consent import consent_routes
from permsync.simulator.dialect import Dialect
from permsync.simulator.exchange import (
    Exchange,
    Reason,
    Refused,
    Standing,
    TokenRefused,
    json_answer,
)
from permsync.simulator.faults import RateLimit
from permsync.simulator.kinds.github.api import API, API_ROUTES
from permsync.simulator.kinds.github.app_api import APP_ROUTES
from permsync.simulator.kinds.github.rows import MADE_AT, instant
from permsync.simulator.repositories import AccountState
from permsync.simulator.tokens import Client, Pair

API_VERSIONS = {"2022-11-28", "2026-03-10"}
REQUESTS_PER_HOUR = 5_000

_REFUSALS = {
    Reason.WRONG_CLIENT: (
        "incorrect_client_credentials",
        "The client_id and/or client_secret passed are incorrect.",
    ),
    Reason.WRONG_REDIRECT: (
        "redirect_uri_mismatch",
        "The redirect_uri MUST match the registered callback URL for this application.",
    ),
    Reason.DEAD_REFRESH: (
        "bad_refresh_token",
        "The refresh token passed is incorrect or expired.",
    ),
    Reason.INACTIVE_PERSON: (
        "bad_refresh_token",
        "The refresh token passed is incorrect or expired.",
    ),
    Reason.UNKNOWN_GRANT: ("unsupported_grant_type", "The grant type is not supported."),
}
_DEAD_CODE = ("bad_verification_code", "The code passed is incorrect or expired.")


def token(exchange: Exchange) -> Response:
    """POST /login/oauth/access_token."""
    client = oauth.client_by_form(exchange)
    pair = oauth.redeem(exchange, client, default_grant="authorization_code")
    body = oauth.token_body(exchange, pair)
    if pair.refresh is not None and pair.refresh_expires_at is not None:
        body["refresh_token_expires_in"] = round(pair.refresh_expires_at - pair.issued_at)
    body["scope"] = "" if client.kind == "github_app" else ",".join(pair.scopes)
    return _negotiated(exchange, body)


def check_token(exchange: Exchange) -> Response:
    """POST /applications/{client_id}/token: 200 for a living token of the client, else 404."""
    client = _application(exchange)
    pair = exchange.host.tokens.with_access(_named_token(exchange))
    living = pair is not None and pair.access_lives(exchange.world.now())
    if pair is None or not living or pair.client_id != client.client_id:
        raise Refused(404, "Not Found")
    return json_answer(_authorization(exchange, client, pair))


def delete_token(exchange: Exchange) -> Response:
    """DELETE /applications/{client_id}/token: 204, or 422 when there is no such token."""
    client = _application(exchange)
    if not oauth.revoke_token(exchange, client, _named_token(exchange)):
        raise Refused(422, "Validation Failed")
    return Response(status_code=204)


def delete_grant(exchange: Exchange) -> Response:
    """DELETE /applications/{client_id}/grant: ends every token of the person for the client."""
    client = _application(exchange)
    pair = exchange.host.tokens.with_access(_named_token(exchange))
    if pair is None or pair.client_id != client.client_id:
        raise Refused(422, "Validation Failed")
    for each in exchange.host.tokens.of(pair.person):
        if each.client_id == client.client_id:
            each.revoke()
    return Response(status_code=204)


def refuse(exchange: Exchange, reason: Reason) -> Response:
    """Status 200 with an `error` field, whatever the reason."""
    code, text = _REFUSALS.get(reason, _DEAD_CODE)
    body = {
        "error": code,
        "error_description": exchange.words(text),
        "error_uri": f"{exchange.base}/docs/troubleshooting",
    }
    return _negotiated(exchange, body)


def unauthorized(exchange: Exchange, standing: Standing) -> Response:
    """Status 401; GitHub says the same for expired, revoked and unknown tokens."""
    missing = standing is Standing.MISSING
    return error(
        exchange, 401, exchange.words("Requires authentication" if missing else "Bad credentials")
    )


def blocked(exchange: Exchange, _state: AccountState) -> Response:
    """Status 403 for a suspended account."""
    return error(exchange, 403, exchange.words("Sorry. Your account was suspended."))


def rate_limited(exchange: Exchange, limit: RateLimit) -> Response:
    """Primary limit: remaining 0 and a reset. Secondary limit: only the message tells."""
    wait = limit.retry_after_seconds
    if limit.secondary:
        text = "You have exceeded a secondary rate limit. Please wait before you try again."
        headers = {} if wait is None else {"Retry-After": str(wait)}
    else:
        text = "API rate limit exceeded for user ID."
        reset = int(exchange.world.now()) + (60 if wait is None else wait)
        headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)}
        headers |= {} if wait is None else {"Retry-After": str(wait)}
    response = error(exchange, limit.status, exchange.words(text))
    response.headers.update(headers)
    return response


def error(exchange: Exchange, status: int, text: str) -> Response:
    """The REST API's error envelope."""
    documentation = f"{exchange.base}/docs/rest"
    body = {"message": text, "documentation_url": documentation, "status": str(status)}
    return json_answer(body, status=status)


def finish(exchange: Exchange, response: Response) -> Response:
    """Check the headers that every call needs, then add those that every answer carries."""
    fault = _header_fault(exchange)
    if fault is not None:
        return fault
    if response.status_code == 200 and exchange.request.method == "GET":  # noqa: PLR2004
        seen = hashlib.sha256((exchange.bearer or "").encode() + bytes(response.body)).hexdigest()
        etag = f'W/"{seen}"'
        if exchange.request.headers.get("if-none-match") == etag:
            response = Response(status_code=304)
            if quota := exchange.host.faults.quota:
                quota.used -= 1  # "does not count against your primary rate limit"
        response.headers["ETag"] = etag
    for name, value in _limit_headers(exchange).items():
        response.headers.setdefault(name, value)
    pair = exchange.pair
    if pair is not None and pair.access.startswith("gho_"):
        response.headers["X-OAuth-Scopes"] = ", ".join(pair.scopes)
        response.headers["X-Accepted-OAuth-Scopes"] = "repo"
    response.headers["X-GitHub-Api-Version-Selected"] = "2022-11-28"
    return response


def _header_fault(exchange: Exchange) -> Response | None:
    headers = exchange.request.headers
    if not headers.get("user-agent"):
        return Response(exchange.words("Request forbidden by administrative rules."), 403)
    if headers.get("x-github-api-version", "2022-11-28") not in API_VERSIONS:
        return error(exchange, 400, exchange.words("Unknown X-GitHub-Api-Version."))
    return None


def _limit_headers(exchange: Exchange) -> dict[str, str]:
    now = int(exchange.world.now())
    quota = exchange.host.faults.quota
    limit = quota.limit if quota else REQUESTS_PER_HOUR
    used = min(limit, quota.used) if quota else REQUESTS_PER_HOUR // 5
    reset = now + (quota.wait_seconds(now) if quota else 3_600)
    return {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(limit - used),
        "x-ratelimit-used": str(used),
        "x-ratelimit-reset": str(reset),
        "x-ratelimit-resource": "core",
    }


def _negotiated(exchange: Exchange, body: dict[str, Any]) -> Response:
    if "json" in exchange.request.headers.get("accept", ""):
        return json_answer(body)
    return Response(urlencode(body), media_type="application/x-www-form-urlencoded")


def _application(exchange: Exchange) -> Client:
    try:
        client = oauth.client_by_basic(exchange)
    except TokenRefused:
        raise Refused(401, "Bad credentials") from None
    if client.client_id != exchange.params["client_id"]:
        raise Refused(404, "Not Found")
    return client


def _named_token(exchange: Exchange) -> str:
    try:
        return msgspec.json.decode(exchange.body, type=dict[str, str])["access_token"]
    except (msgspec.DecodeError, KeyError):
        raise Refused(422, "access_token is missing") from None


def _authorization(exchange: Exchange, client: Client, pair: Pair) -> dict[str, Any]:
    expires_at = pair.access_expires_at
    return {
        "id": pair.number,
        "url": f"{exchange.base}{API}/authorizations/{pair.number}",
        "app": {"name": client.name, "client_id": client.client_id, "url": exchange.base},
        "token": pair.access,
        "hashed_token": hashlib.sha256(pair.access.encode()).hexdigest(),
        "token_last_eight": pair.access[-8:],
        "note": None,
        "note_url": None,
        "fingerprint": None,
        "scopes": pair.scopes,
        "created_at": MADE_AT,
        "updated_at": MADE_AT,
        "expires_at": None if expires_at is None else instant(expires_at),
    }


DIALECT = Dialect(
    routes=(
        *consent_routes("/login/oauth/authorize"),
        Route("/login/oauth/access_token", token, methods=["POST"]),
        Route(f"{API}/applications/{{client_id}}/token", check_token, methods=["POST"]),
        Route(f"{API}/applications/{{client_id}}/token", delete_token, methods=["DELETE"]),
        Route(f"{API}/applications/{{client_id}}/grant", delete_grant, methods=["DELETE"]),
        *API_ROUTES,
        *APP_ROUTES,
    ),
    authorize_path="/login/oauth/authorize",
    token_path="/login/oauth/access_token",  # noqa: S106
    who_path="/api/v3/user",
    api_prefix=API,
    refuse=refuse,
    unauthorized=unauthorized,
    blocked=blocked,
    rate_limited=rate_limited,
    error=error,
    finish=finish,
)
