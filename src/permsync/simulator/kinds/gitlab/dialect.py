"""
GitLab: its OAuth words and its refusals.

Facts: "OAuth 2.0 identity provider API" and "REST API authentication" in GitLab's documentation,
and lib/api/api_guard.rb for the 401 and 403 bodies.
"""

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from permsync.simulator import oauth
from permsync.simulator.consent import consent_routes
from permsync.simulator.dialect import Dialect
from permsync.simulator.exchange import Exchange, Reason, Standing, json_answer
from permsync.simulator.faults import RateLimit
from permsync.simulator.kinds.gitlab.api import API, API_ROUTES
from permsync.simulator.kinds.openid import dialect as openid
from permsync.simulator.repositories import AccountState

_INVALID_GRANT = (
    "The provided authorization grant is invalid, expired, revoked, does not match the "
    "redirection URI used in the authorization request, or was issued to another client."
)
_STANDINGS = {
    Standing.EXPIRED: "Token is expired. You can either do re-authorization or token refresh.",
    Standing.REVOKED: "Token was revoked. You have to re-authorize from the user.",
}


def token(exchange: Exchange) -> Response:
    """POST /oauth/token."""
    client = oauth.client_by_either(exchange)
    pair = oauth.redeem(exchange, client)
    body = oauth.token_body(exchange, pair)
    body |= {"scope": " ".join(pair.scopes), "created_at": int(pair.issued_at)}
    if "openid" in pair.scopes:
        subject = str(exchange.host.accounts[pair.person].id)
        body["id_token"] = openid.id_token(exchange, client, pair, subject=subject)
    return json_answer(body, headers={"Cache-Control": "no-store"})


def discovery(exchange: Exchange) -> Response:
    """GET /.well-known/openid-configuration: GitLab signs people in as well."""
    base = exchange.base
    return json_answer(
        {
            "issuer": base,
            "authorization_endpoint": f"{base}/oauth/authorize",
            "token_endpoint": f"{base}/oauth/token",
            "jwks_uri": f"{base}/oauth/discovery/keys",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["plain", "S256"],
        }
    )


def token_info(exchange: Exchange) -> Response:
    """GET /oauth/token/info: what the presented access token is."""
    pair = exchange.signed_in()
    left = None
    if pair.access_expires_at is not None:
        left = round(pair.access_expires_at - exchange.world.now())
    return json_answer(
        {
            "resource_owner_id": exchange.host.accounts[pair.person].id,
            "scope": pair.scopes,
            "expires_in": left,
            "application": {"uid": pair.client_id},
            "created_at": int(pair.issued_at),
        }
    )


def revoke(exchange: Exchange) -> Response:
    """POST /oauth/revoke: 200 with an empty object, whether or not there was such a token."""
    oauth.revoke_token(exchange, oauth.client_by_either(exchange), exchange.sent("token"))
    return json_answer({})


def refuse(exchange: Exchange, reason: Reason) -> Response:
    """`invalid_client` with 401; anything about the grant is `invalid_grant` with 400."""
    if reason is Reason.WRONG_CLIENT:
        code, status, text = "invalid_client", 401, "Client authentication failed."
    elif reason is Reason.UNKNOWN_GRANT:
        code, status, text = "unsupported_grant_type", 400, "The grant type is not supported."
    else:
        code, status, text = "invalid_grant", 400, _INVALID_GRANT
    body = {"error": code, "error_description": exchange.words(text)}
    return json_answer(body, status=status)


def unauthorized(exchange: Exchange, standing: Standing) -> Response:
    """Status 401: `invalid_token` for tokens that were good once, a plain message otherwise."""
    text = _STANDINGS.get(standing)
    if text is None:
        return error(exchange, 401, exchange.words("401 Unauthorized"))
    body = {"error": "invalid_token", "error_description": exchange.words(text)}
    return json_answer(body, status=401, headers={"WWW-Authenticate": "Bearer"})


def blocked(exchange: Exchange, state: AccountState) -> Response:
    """Status 403 that names the state of the account."""
    text = f"403 Forbidden - Your account has been {state}."
    return error(exchange, 403, exchange.words(text))


def rate_limited(exchange: Exchange, limit: RateLimit) -> Response:
    """Plain text, with Retry-After where the limit is the instance's own."""
    headers = {}
    if limit.retry_after_seconds is not None:
        wait = str(limit.retry_after_seconds)
        headers = {"Retry-After": wait, "RateLimit-Remaining": "0", "RateLimit-Limit": "600"}
    return PlainTextResponse(exchange.words("Retry later"), limit.status, headers)


def error(_exchange: Exchange, status: int, text: str) -> Response:
    """The REST API's error envelope."""
    return json_answer({"message": text}, status=status)


DIALECT = Dialect(
    routes=(
        *consent_routes("/oauth/authorize"),
        Route("/oauth/token", token, methods=["POST"]),
        Route("/.well-known/openid-configuration", discovery),
        Route("/oauth/discovery/keys", openid.jwks),
        Route("/oauth/token/info", token_info),
        Route("/oauth/revoke", revoke, methods=["POST"]),
        *API_ROUTES,
    ),
    authorize_path="/oauth/authorize",
    token_path="/oauth/token",  # noqa: S106
    who_path="/api/v4/user",
    api_prefix=API,
    refuse=refuse,
    unauthorized=unauthorized,
    blocked=blocked,
    rate_limited=rate_limited,
    error=error,
)
