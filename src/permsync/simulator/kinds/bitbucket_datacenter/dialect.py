"""
Bitbucket Data Center: its OAuth words, its refusals, and the header that names the caller.

Facts: "Bitbucket OAuth 2.0 provider API" and the REST description of Data Center 9.2. Codes live
ten seconds; the redirect address is checked on refresh as well, which `Policy` can switch off.
"""

from urllib.parse import quote

from starlette.responses import Response
from starlette.routing import Route

from permsync.simulator import oauth
from permsync.simulator.consent import consent_routes
from permsync.simulator.dialect import Dialect
from permsync.simulator.exchange import Exchange, Reason, Standing, json_answer
from permsync.simulator.faults import RateLimit
from permsync.simulator.kinds.bitbucket_datacenter.api import API_ROUTES
from permsync.simulator.repositories import AccountState

OAUTH = "/rest/oauth2/latest"
_EXCEPTIONS = {
    401: "com.atlassian.bitbucket.AuthorisationException",
    404: "com.atlassian.bitbucket.repository.NoSuchRepositoryException",
}


def token(exchange: Exchange) -> Response:
    """POST /rest/oauth2/latest/token."""
    pair = oauth.redeem(exchange, oauth.client_by_form(exchange))
    body = oauth.token_body(exchange, pair)
    return json_answer(body | {"scope": " ".join(pair.scopes), "created_at": int(pair.issued_at)})


def revoke(exchange: Exchange) -> Response:
    """POST /rest/oauth2/latest/revoke: 200, whether or not there was such a token."""
    oauth.revoke_token(exchange, oauth.client_by_form(exchange), exchange.sent("token"))
    return Response(status_code=200)


def refuse(exchange: Exchange, reason: Reason) -> Response:
    """OAuth's error fields (RFC 6749 section 5.2)."""
    if reason is Reason.WRONG_CLIENT:
        code, status, text = "invalid_client", 401, "Client authentication failed."
    elif reason is Reason.UNKNOWN_GRANT:
        code, status, text = "unsupported_grant_type", 400, "The grant type is not supported."
    else:
        code, status, text = "invalid_grant", 400, "The provided grant is invalid or expired."
    body = {"error": code, "error_description": exchange.words(text)}
    return json_answer(body, status=status)


def unauthorized(exchange: Exchange, _standing: Standing) -> Response:
    """Status 401 with the exception of a failed authentication."""
    text = exchange.words("Authentication failed. Please check your credentials and try again.")
    return _envelope(
        text, 401, "com.atlassian.bitbucket.auth.IncorrectPasswordAuthenticationException"
    )


def blocked(exchange: Exchange, _state: AccountState) -> Response:
    """An inactive person's tokens are not accepted."""
    return unauthorized(exchange, Standing.REVOKED)


def rate_limited(exchange: Exchange, limit: RateLimit) -> Response:
    """Status 429 with the token bucket's headers."""
    response = error(exchange, limit.status, exchange.words("You are being rate limited."))
    response.headers.update({"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0"})
    response.headers.update({"X-RateLimit-Interval-Seconds": "1", "X-RateLimit-FillRate": "5"})
    if limit.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(limit.retry_after_seconds)
    return response


def error(_exchange: Exchange, status: int, text: str) -> Response:
    """The REST API's error envelope."""
    return _envelope(text, status, _EXCEPTIONS.get(status))


def finish(exchange: Exchange, response: Response) -> Response:
    """Name the caller, on authenticated answers only."""
    if exchange.pair is not None:
        account = exchange.host.accounts[exchange.pair.person]
        response.headers["X-AUSERNAME"] = quote(account.login)
        response.headers["X-AUSERID"] = str(account.id)
    return response


def _envelope(text: str, status: int, exception: str | None) -> Response:
    row = {"context": None, "message": text, "exceptionName": exception}
    return json_answer({"errors": [row]}, status=status)


DIALECT = Dialect(
    routes=(
        *consent_routes(f"{OAUTH}/authorize"),
        Route(f"{OAUTH}/token", token, methods=["POST"]),
        Route(f"{OAUTH}/revoke", revoke, methods=["POST"]),
        *API_ROUTES,
    ),
    authorize_path=f"{OAUTH}/authorize",
    token_path=f"{OAUTH}/token",
    who_path="/rest/api/latest/profile/recent/repos",
    api_prefix="/rest/api/",
    refuse=refuse,
    unauthorized=unauthorized,
    blocked=blocked,
    rate_limited=rate_limited,
    error=error,
    finish=finish,
)
