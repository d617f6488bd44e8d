"""
Links a person's account at a host, or links it again: to the consent page and back.

The order of a callback: recognise the attempt (this browser, this person, this host, once,
in time), exchange the code, ask the host whose tokens these are, and only then write, in
one commit. A new link moves link and version on, which fences every older refresh and run
and clears the account's error. The host's words stay in the log; people get a
``LinkRefusal``. This module must not know what a page looks like.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from permsync.codehost import (
    Failure,
    FailureKind,
    Identity,
    Response,
    TokenGrant,
    TokenRefusal,
    TokenRefusalKind,
)
from permsync.errors import ForbiddenError, LinkRefusal, LinkRefusedError
from permsync.flows.authorization import Return, arrive, depart
from permsync.flows.confirm_identity import Confirmed, confirm_identity
from permsync.flows.deps import ConfiguredHost, Services
from permsync.flows.introduce import Introduction
from permsync.flows.queue_revocation import queue_revocation
from permsync.flows.save_link import NewLink, save_link
from permsync.model import Account, TokenSet, User
from permsync.oauth2 import CallbackError, CallbackRefusal, code_challenge, parse_callback
from permsync.rules.linking import Held, refusal_of_link
from permsync.store import accounts, engine, users
from permsync.store.attempts import Purpose
from permsync.telemetry import Event, host_detail, logger

log = logger(__name__)

REFUSALS = {
    CallbackError.ACCESS_DENIED: LinkRefusal.DENIED_AT_HOST,
    CallbackError.WRONG_ISSUER: LinkRefusal.WRONG_ISSUER,
    CallbackError.MALFORMED: LinkRefusal.STATE_UNKNOWN,
    CallbackError.WRONG_STATE: LinkRefusal.STATE_UNKNOWN,
    CallbackError.SERVER_ERROR: LinkRefusal.HOST_UNAVAILABLE,
    CallbackError.TEMPORARILY_UNAVAILABLE: LinkRefusal.HOST_UNAVAILABLE,
}
TOKEN_REFUSALS = {
    TokenRefusalKind.REJECTED: LinkRefusal.CODE_REJECTED,
    TokenRefusalKind.CLIENT_ERROR: LinkRefusal.HOST_MISCONFIGURED,
}


@dataclass(frozen=True, slots=True)
class Linked:
    """The account as it is after the link, and where the person wanted to go."""

    account: Account
    return_to: str


async def start_link(
    services: Services, *, host_name: str, user: User, browser: str, return_to: str
) -> str:
    """
    The address of the host's consent page for this person and browser.

    ``browser`` is the session's secret. Raises ``UnknownError`` for an unknown host and
    ``ForbiddenError`` for a disabled person.
    """
    if user.disabled_at is not None:
        raise ForbiddenError(needed="an enabled user")
    configured = services.host(host_name)
    departure = await depart(
        services,
        purpose=Purpose.LINK,
        browser=browser,
        return_to=return_to,
        host=host_name,
        user_id=user.id,
    )
    return configured.host.authorize_url(
        state=departure.state, code_challenge=code_challenge(departure.code_verifier)
    )


async def finish_link(
    services: Services, *, host_name: str, query: str, user: User, browser: str
) -> Linked:
    """
    Finish what :func:`start_link` began, from the callback's raw query.

    Raises ``LinkRefusedError``; nothing was stored then, and tokens that the host gave
    out all the same wait in the outbox for their revocation.
    """
    configured = services.host(host_name)
    callback = parse_callback(query, issuer=configured.host.sends_issuer)
    back = None
    if callback.state:
        back = await arrive(services, purpose=Purpose.LINK, state=callback.state, browser=browser)
    _check_return(back, host_name=host_name, user=user)
    if isinstance(callback, CallbackRefusal):
        _refuse(host_name, REFUSALS.get(callback.error, LinkRefusal.HOST_MISCONFIGURED))
    assert back is not None  # noqa: S101 - _check_return refused it
    async with services.database.begin() as connection:
        asked_at = await engine.database_now(connection)
    granted = await _exchange(services, configured, code=callback.code, back=back)
    confirmed = await _confirm(services, configured, granted)
    account = await _save(
        services, configured, user, granted=granted, confirmed=confirmed, asked_at=asked_at
    )
    log.info(Event.ACCOUNT_LINKED, account=account.id, host=host_name, user=user.id)
    return Linked(account, back.attempt.return_to)


def _check_return(back: Return | None, *, host_name: str, user: User) -> None:
    if back is None or back.attempt.host != host_name:
        _refuse(host_name, LinkRefusal.STATE_UNKNOWN)
    if not back.same_browser or back.attempt.user_id != user.id:
        _refuse(host_name, LinkRefusal.OTHER_BROWSER)
    if not back.lives:
        _refuse(host_name, LinkRefusal.STATE_EXPIRED)


def _refuse(host_name: str, reason: LinkRefusal, detail: str = "") -> NoReturn:
    log.warning(Event.LINK_REFUSED, host=host_name, reason=reason.value, detail=host_detail(detail))
    raise LinkRefusedError(reason)


async def _exchange(
    services: Services, configured: ConfiguredHost, *, code: str, back: Return
) -> TokenGrant:
    request = configured.host.code_request(code=code, code_verifier=back.code_verifier)
    answer = await services.transport.send(
        request,
        connect_in=services.durations.refresh_connect,
        deadline_in=services.durations.refresh_deadline,
        fresh=True,
    )
    if not isinstance(answer, Response):
        _refuse(configured.name, LinkRefusal.HOST_UNAVAILABLE, answer.reason.value)
    granted = configured.host.parse_code(answer)
    if isinstance(granted, TokenRefusal):
        reason = TOKEN_REFUSALS.get(granted.kind, LinkRefusal.HOST_UNAVAILABLE)
        _refuse(configured.name, reason, granted.detail)
    return granted


async def _confirm(
    services: Services, configured: ConfiguredHost, granted: TokenGrant
) -> Confirmed:
    """Whose tokens these are, and whether they may do what we need."""
    introduction = Introduction(services, configured, access_token=granted.access_token)
    confirmed = await confirm_identity(introduction)
    if isinstance(confirmed, Failure):
        await _give_back(services, configured, granted)
        refused = confirmed.kind is FailureKind.INSUFFICIENT_SCOPE
        reason = LinkRefusal.SCOPE_MISSING if refused else LinkRefusal.HOST_UNAVAILABLE
        _refuse(configured.name, reason, confirmed.detail)
    scopes = granted.scopes if granted.scopes is not None else confirmed.scopes
    missing = configured.host.missing_scopes(scopes)
    held = await _held(services, configured, confirmed.identity) if missing else None
    refusal = refusal_of_link(missing, held)
    if refusal is not None:
        await _give_back(services, configured, granted)
        _refuse(configured.name, refusal)
    return Confirmed(confirmed.identity, scopes)


async def _held(services: Services, configured: ConfiguredHost, identity: Identity) -> Held | None:
    """What is linked already for this identity, whoever holds it."""
    async with services.database.begin() as connection:
        account = await accounts.load_by_identity(
            connection, host=configured.name, external_id=identity.external_id
        )
    if account is None:
        return None
    missing = configured.host.missing_scopes(account.scopes)
    return Held(account.state, account.scopes, missing)


async def _give_back(services: Services, configured: ConfiguredHost, granted: TokenGrant) -> None:
    """Tokens of a link that is not made; the host is told at once, or later."""
    tokens = TokenSet(granted.access_token, granted.refresh_token)
    async with services.database.begin() as connection:
        await queue_revocation(services, connection, tokens, host=configured.name)


async def _save(
    services: Services,
    configured: ConfiguredHost,
    user: User,
    *,
    granted: TokenGrant,
    confirmed: Confirmed,
    asked_at: datetime,
) -> Account:
    """The commit that makes the link; the first sync is queued in it."""
    identity: Identity = confirmed.identity
    async with services.database.begin() as connection:
        now = await users.load(connection, user.id)
    if now is None or now.disabled_at is not None:
        await _give_back(services, configured, granted)
        _refuse(configured.name, LinkRefusal.USER_DISABLED)
    link = NewLink(
        host=configured.name,
        user_id=user.id,
        identity=identity,
        granted=granted,
        scopes=confirmed.scopes,
        redirect_uri=configured.redirect_uri,
        asked_at=asked_at,
    )
    saved = await save_link(services, link)
    if not isinstance(saved, Account):
        _refuse(configured.name, LinkRefusal.LINKED_TO_SOMEONE_ELSE)
    return saved
