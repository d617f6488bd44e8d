"""
Bitbucket Cloud: its OAuth words and its refusals.

Clients authenticate with HTTP Basic only; a dead refresh token is `invalid_request`. Facts:
"OAuth on Bitbucket Cloud" in Atlassian's documentation and the error bodies that
`social-auth-core` recognises.
"""

from starlette.responses import Response
from starlette.routing import Route

from permsync.simulator import oauth
from permsync.simulator.consent import consent_routes
from permsync.simulator.dialect import Dialect
from permsync.simulator.exchange import Exchange, Reason, Standing, json_answer
from permsync.simulator.faults import RateLimit
from permsync.simulator.kinds.bitbucket_cloud.api import API, API_ROUTES
from permsync.simulator.repositories import AccountState

_REFUSALS = {
    Reason.WRONG_CLIENT: (400, "unauthorized_client", "Invalid OAuth client credentials"),
    Reason.DEAD_REFRESH: (400, "invalid_request", "Invalid refresh_token"),
    Reason.INACTIVE_PERSON: (401, "access_denied", "User is inactive"),
    Reason.UNKNOWN_GRANT: (400, "unsupported_grant_type", "Unsupported grant type"),
    Reason.WRONG_REDIRECT: (400, "invalid_request", "redirect_uri does not match"),
}
_DEAD_CODE = (400, "invalid_grant", "The specified code is not valid.")


def token(exchange: Exchange) -> Response:
    """POST /site/oauth2/access_token."""
    pair = oauth.redeem(exchange, oauth.client_by_basic(exchange))
    body = oauth.token_body(exchange, pair)
    body["scopes" if exchange.host.policy.sends_scopes_key else "scope"] = " ".join(pair.scopes)
    return json_answer(body)


def refuse(exchange: Exchange, reason: Reason) -> Response:
    """OAuth's error fields, with statuses and codes of Bitbucket's own."""
    status, code, text = _REFUSALS.get(reason, _DEAD_CODE)
    body = {"error": code, "error_description": exchange.words(text)}
    return json_answer(body, status=status)


def unauthorized(exchange: Exchange, standing: Standing) -> Response:
    """Status 401 in the API's envelope."""
    text = "Token is invalid, expired, or not supported for this endpoint."
    if standing is Standing.EXPIRED:
        text = "Access token expired. Use your refresh token to obtain a new access token."
    return error(exchange, 401, exchange.words(text))


def blocked(exchange: Exchange, _state: AccountState) -> Response:
    """An inactive account's tokens are simply no longer good."""
    return unauthorized(exchange, Standing.REVOKED)


def rate_limited(exchange: Exchange, limit: RateLimit) -> Response:
    """Status 429; Retry-After is not promised."""
    text = "Rate limit for this resource has been exceeded"
    response = error(exchange, limit.status, exchange.words(text))
    if limit.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(limit.retry_after_seconds)
    return response


def error(_exchange: Exchange, status: int, text: str) -> Response:
    """The API's error envelope."""
    return json_answer({"type": "error", "error": {"message": text}}, status=status)


DIALECT = Dialect(
    routes=(
        *consent_routes("/site/oauth2/authorize"),
        Route("/site/oauth2/access_token", token, methods=["POST"]),
        *API_ROUTES,
    ),
    authorize_path="/site/oauth2/authorize",
    token_path="/site/oauth2/access_token",  # noqa: S106
    who_path="/2.0/user",
    api_prefix=API,
    refuse=refuse,
    unauthorized=unauthorized,
    blocked=blocked,
    rate_limited=rate_limited,
    error=error,
)
