"""
Gitea: its OAuth words and its refusals; Forgejo's are the same.

Every refusal of the token endpoint is a 400, and a dead refresh token an unauthorized client.
Sources: routers/web/auth/oauth2_provider.go, routers/api/v1/api.go.
"""

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from permsync.simulator import oauth
from permsync.simulator.consent import consent_routes
from permsync.simulator.dialect import Dialect
from permsync.simulator.exchange import Exchange, Reason, Standing, json_answer
from permsync.simulator.faults import RateLimit
from permsync.simulator.kinds.gitea.api import API, API_ROUTES
from permsync.simulator.repositories import AccountState

_TOKEN = "/login/oauth/access_token"  # noqa: S105 - a path
_AUTHORIZE = "/login/oauth/authorize"
_GRANTS = "Only refresh_token or authorization_code grant type is supported"
_BLOCKED = {
    "blocked": "This account is prohibited from signing in, please contact your site"
    " administrator.",
    "deactivated": "This account is not activated.",
}


def token(exchange: Exchange) -> Response:
    """POST /login/oauth/access_token: the client in the body or by Basic, no scope told."""
    pair = oauth.redeem(exchange, oauth.client_by_either(exchange))
    return json_answer(oauth.token_body(exchange, pair))


def refuse(exchange: Exchange, reason: Reason) -> Response:
    """Every refusal of the token endpoint."""
    code, text = _refusal(exchange, reason)
    body = {"error": code, "error_description": exchange.words(text)}
    return json_answer(body, status=400)


def _refusal(exchange: Exchange, reason: Reason) -> tuple[str, str]:
    match reason:
        case Reason.WRONG_CLIENT:
            by_code = exchange.sent("grant_type") == "authorization_code"
            code = "unauthorized_client" if by_code else "invalid_client"
            return code, "invalid client secret"
        case Reason.UNKNOWN_GRANT:
            return "unsupported_grant_type", _GRANTS
        case Reason.WRONG_REDIRECT:
            return "unauthorized_client", "unexpected redirect URI"
        case Reason.WRONG_VERIFIER:
            return "unauthorized_client", "failed PKCE code challenge"
        case Reason.DEAD_CODE:
            return _dead_code(exchange)
        case _:
            return _dead_refresh(exchange)


def _dead_code(exchange: Exchange) -> tuple[str, str]:
    """A code that was used is gone; one that is too old is known as such."""
    code = exchange.host.tokens.codes.get(exchange.sent("code"))
    if code is None or code.used:
        return "unauthorized_client", "client is not authorized"
    return "invalid_grant", "authorization code expired"


def _dead_refresh(exchange: Exchange) -> tuple[str, str]:
    """Garbage and age are one; a token that was used is told only where that matters."""
    pair = exchange.host.tokens.with_refresh(exchange.sent("refresh_token"))
    if pair is not None and pair.refresh_revoked:
        return "invalid_grant", "grant does not exist"
    if pair is not None and pair.client_id != exchange.sent("client_id"):
        return "invalid_grant", "refresh token belongs to a different client"
    if pair is not None and pair.spent_at is not None:
        return "unauthorized_client", "token was already used"
    return "unauthorized_client", "unable to parse refresh token"


def unauthorized(exchange: Exchange, standing: Standing) -> Response:
    """Status 401; a token that is nobody's is a person that does not exist."""
    missing = standing is Standing.MISSING
    text = "token is required" if missing else "user does not exist [uid: 0, name: ]"
    return error(exchange, 401, exchange.words(text))


def blocked(exchange: Exchange, state: AccountState) -> Response:
    """Status 403 with what is wrong with the account."""
    return error(exchange, 403, exchange.words(_BLOCKED[state]))


def rate_limited(exchange: Exchange, limit: RateLimit) -> Response:
    """There is no limit but a proxy's, which speaks plain text."""
    wait = limit.retry_after_seconds
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return PlainTextResponse(exchange.words("Too Many Requests"), limit.status, headers)


def error(exchange: Exchange, status: int, text: str) -> Response:
    """The API's error envelope."""
    return json_answer({"message": text, "url": f"{exchange.base}/api/swagger"}, status=status)


DIALECT = Dialect(
    routes=(
        *consent_routes(_AUTHORIZE),
        Route(_TOKEN, token, methods=["POST"]),
        *API_ROUTES,
    ),
    authorize_path=_AUTHORIZE,
    token_path=_TOKEN,
    who_path=f"{API}/user",
    api_prefix=API,
    refuse=refuse,
    unauthorized=unauthorized,
    blocked=blocked,
    rate_limited=rate_limited,
    error=error,
)
