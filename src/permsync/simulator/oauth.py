"""
The token endpoint that all kinds share: who the client is, which code or refresh token it brings.

Decides with rotation.py; raises TokenRefused with a reason that each kind words in its own way.
Facts: RFC 6749 sections 4.1.3 and 6, RFC 7636 section 4.6.
"""

import base64
import hashlib
import hmac
from typing import Any

from permsync.simulator import rotation
from permsync.simulator.exchange import Exchange, Reason, TokenRefused
from permsync.simulator.tokens import Client, Code, Pair


def client_by_form(exchange: Exchange) -> Client:
    """The client that names itself and its secret in the body; raises TokenRefused."""
    return _client(exchange, exchange.sent("client_id"), exchange.sent("client_secret"))


def client_by_basic(exchange: Exchange) -> Client:
    """The client that uses HTTP Basic; raises TokenRefused."""
    return _client(exchange, *(exchange.basic or ("", "")))


def client_by_either(exchange: Exchange) -> Client:
    """HTTP Basic if it was sent, else the body; raises TokenRefused."""
    return client_by_basic(exchange) if exchange.basic else client_by_form(exchange)


def redeem(exchange: Exchange, client: Client, *, default_grant: str = "") -> Pair:
    """
    A token request of either grant: the new pair; raises TokenRefused.

    `default_grant` is assumed when the request names none, as GitHub does.
    """
    grant = exchange.sent("grant_type") or default_grant
    if grant == "authorization_code":
        return _redeem_code(exchange, client)
    if grant == "refresh_token":
        return _redeem_refresh(exchange, client)
    raise TokenRefused(Reason.UNKNOWN_GRANT)


def token_body(exchange: Exchange, pair: Pair) -> dict[str, Any]:
    """The fields that all kinds answer with; lifetimes in whole seconds."""
    body: dict[str, Any] = {"access_token": pair.access, "token_type": "bearer"}
    if pair.access_expires_at is not None and not exchange.host.faults.omit_expires_in:
        body["expires_in"] = round(pair.access_expires_at - pair.issued_at)
    if pair.refresh is not None:
        body["refresh_token"] = pair.refresh
    return body


def revoke_token(exchange: Exchange, client: Client, token: str) -> bool:
    """End the pair of an access or refresh token of this client; whether there was one."""
    tokens = exchange.host.tokens
    pair = tokens.with_access(token) or tokens.with_refresh(token)
    if pair is None or pair.client_id != client.client_id:
        return False
    pair.revoke()
    return True


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 section 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _client(exchange: Exchange, client_id: str, secret: str) -> Client:
    client = exchange.host.tokens.clients.get(client_id)
    if client is None or not hmac.compare_digest(client.secret.encode(), secret.encode()):
        raise TokenRefused(Reason.WRONG_CLIENT)
    return client


def _redeem_code(exchange: Exchange, client: Client) -> Pair:
    host = exchange.host
    code = host.tokens.codes.get(exchange.sent("code"))
    if code is None or code.used or code.pending.client_id != client.client_id:
        raise TokenRefused(Reason.DEAD_CODE)
    if exchange.world.now() >= code.expires_at:
        raise TokenRefused(Reason.DEAD_CODE)
    exchange.record.person = code.person
    _check_redirect(exchange, code)
    code.used = True
    _check_verifier(exchange, code)
    _check_active(exchange, code.person)
    return rotation.issue(
        host.tokens,
        host.policy,
        role=exchange.role,
        code=code,
        client=client,
        now=exchange.world.now(),
        padding=host.faults.token_padding,
    )


def _redeem_refresh(exchange: Exchange, client: Client) -> Pair:
    host = exchange.host
    old = host.tokens.with_refresh(exchange.sent("refresh_token"))
    if old is None or old.client_id != client.client_id or host.faults.refuse_refreshes:
        raise TokenRefused(Reason.DEAD_REFRESH)
    exchange.record.person = old.person
    if host.policy.redirect_uri_on_refresh and exchange.sent("redirect_uri") != old.redirect_uri:
        raise TokenRefused(Reason.WRONG_REDIRECT)
    if not exchange.role.refreshes_blocked:
        _check_active(exchange, old.person)
    pair = rotation.refresh(
        host.tokens,
        host.policy,
        role=exchange.role,
        old=old,
        client=client,
        now=exchange.world.now(),
        padding=host.faults.token_padding,
        rotates=not host.faults.omit_refresh_token,
    )
    if pair is None:
        raise TokenRefused(Reason.DEAD_REFRESH)
    return pair


def _check_redirect(exchange: Exchange, code: Code) -> None:
    given = exchange.sent("redirect_uri")
    optional = exchange.role.redirect_optional
    if given != code.pending.redirect_uri and (given or not optional):
        raise TokenRefused(Reason.WRONG_REDIRECT)


def _check_verifier(exchange: Exchange, code: Code) -> None:
    if code.pending.challenge is None:
        return
    if not hmac.compare_digest(
        challenge_of(exchange.sent("code_verifier")).encode(), code.pending.challenge.encode()
    ):
        raise TokenRefused(Reason.WRONG_VERIFIER)


def _check_active(exchange: Exchange, person: str) -> None:
    if exchange.host.accounts[person].state != "active":
        raise TokenRefused(Reason.INACTIVE_PERSON)
