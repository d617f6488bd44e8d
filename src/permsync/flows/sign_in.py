"""
Sign-in with OpenID Connect, and the sessions that it begins.

What is decided here: a person exists from the first confirmed sign-in on, never from an
attempt; a session is a secret of the browser, stored as a hash and new at every sign-in.
What an id token must be is decided in ``oauth2.openid``. This module must not know cookies.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from permsync import oauth2
from permsync.codehost import Failure, Request, Response, TokenGrant
from permsync.errors import HostUnavailableError, SignInRefusedError
from permsync.flows.authorization import Return, arrive, depart
from permsync.flows.deps import Services, SignIn
from permsync.flows.heal_by_sign_in import heal_by_sign_in
from permsync.flows.own_secrets import hash_of, nonce_of
from permsync.model import User
from permsync.oauth2 import CallbackRefusal, openid
from permsync.oauth2.openid import Claims, Provider
from permsync.store import audit, engine, sessions, users
from permsync.store.attempts import Purpose
from permsync.store.audit import Action
from permsync.telemetry import Event, logger

T = TypeVar("T")
log = logger(__name__)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: its secret, whose it is, and where the person wanted to go."""

    session: str = field(repr=False)
    user: User
    return_to: str


async def start_sign_in(services: Services, *, browser: str, return_to: str) -> str:
    """
    The address of the provider's sign-in page for this browser.

    ``browser`` is a secret of a cookie. Raises ``SignInRefusedError`` where no provider
    is configured and ``HostUnavailableError`` where it does not answer.
    """
    settings = _settings(services)
    provider = await _discover(services, settings)
    departure = await depart(
        services, purpose=Purpose.SIGN_IN, browser=browser, return_to=return_to
    )
    return openid.authorize_url(
        provider,
        client_id=settings.client_id,
        redirect_uri=settings.redirect_uri,
        state=departure.state,
        nonce=nonce_of(departure.code_verifier),
        code_challenge=oauth2.code_challenge(departure.code_verifier),
        scopes=settings.scopes,
    )


async def finish_sign_in(services: Services, *, query: str, browser: str) -> SignedIn:
    """
    Finish what :func:`start_sign_in` began, from the callback's raw query.

    Raises ``SignInRefusedError`` with a reason of ours, ``HostUnavailableError`` where
    the provider does not answer. A disabled person gets no session.
    """
    settings = _settings(services)
    provider = await _discover(services, settings)
    issuer = provider.issuer if provider.sends_issuer else None
    callback = oauth2.parse_callback(query, issuer=issuer)
    back = None
    if callback.state:
        state = callback.state
        back = await arrive(services, purpose=Purpose.SIGN_IN, state=state, browser=browser)
    if back is None or not back.same_browser or not back.lives:
        raise _refused("state_unknown")
    if isinstance(callback, CallbackRefusal):
        raise _refused(callback.error.value)
    async with services.database.begin() as connection:
        asked_at = await engine.database_now(connection)
    granted = await _exchange(services, settings, provider, code=callback.code, back=back)
    claims = await _confirm(services, settings, provider, granted, back=back)
    signed_in = await _begin_session(services, claims, return_to=back.attempt.return_to)
    await heal_by_sign_in(services, signed_in.user, granted, asked_at=asked_at)
    return signed_in


def _settings(services: Services) -> SignIn:
    if services.sign_in is None:
        raise SignInRefusedError("sign_in_not_configured")
    return services.sign_in


def _refused(reason: str) -> SignInRefusedError:
    log.warning(Event.SIGN_IN_REFUSED, reason=reason)
    return SignInRefusedError(reason)


async def _discover(services: Services, settings: SignIn) -> Provider:
    issuer = settings.issuer
    return await _ask(
        services,
        openid.discovery_request(issuer),
        lambda response: openid.parse_discovery(response, issuer=issuer),
    )


async def _ask(services: Services, request: Request, read: Callable[[Response], T | Failure]) -> T:
    answer = await services.transport.send(
        request,
        connect_in=services.durations.api_connect,
        deadline_in=services.durations.api_deadline,
    )
    if not isinstance(answer, Response):
        raise HostUnavailableError(host="sign-in", reason=answer.reason.value)
    found = read(answer)
    if isinstance(found, Failure):
        raise HostUnavailableError(host="sign-in", reason=found.kind.value)
    return found


async def _exchange(
    services: Services, settings: SignIn, provider: Provider, *, code: str, back: Return
) -> TokenGrant:
    client = oauth2.Client(settings.client_id, settings.client_secret, basic=provider.basic)
    request = oauth2.code_request(
        provider.token_endpoint,
        client,
        code=code,
        redirect_uri=settings.redirect_uri,
        code_verifier=back.code_verifier,
    )
    answer = await services.transport.send(
        request,
        connect_in=services.durations.refresh_connect,
        deadline_in=services.durations.refresh_deadline,
        fresh=True,
    )
    granted = oauth2.parse_token(answer) if isinstance(answer, Response) else None
    if not isinstance(granted, TokenGrant) or granted.id_token is None:
        raise _refused("code_not_exchanged")
    return granted


async def _confirm(
    services: Services, settings: SignIn, provider: Provider, granted: TokenGrant, *, back: Return
) -> Claims:
    keys = await _ask(services, openid.keys_request(provider), openid.parse_keys)
    return openid.parse_id_token(
        granted.id_token or "",
        keys=keys,
        issuer=provider.issuer,
        client_id=settings.client_id,
        nonce=nonce_of(back.code_verifier),
        now=services.clock.now(),
    )


async def _begin_session(services: Services, claims: Claims, *, return_to: str) -> SignedIn:
    secret = services.chance.secret()
    async with services.database.begin() as connection:
        user, created = await users.save_signed_in(
            connection,
            issuer=claims.issuer,
            subject=claims.subject,
            name=claims.name or claims.subject,
            email=claims.email,
        )
        if user.disabled_at is not None:
            raise _refused("user_disabled")
        await sessions.save(
            connection,
            token_hash=hash_of(secret),
            user_id=user.id,
            lives_in=services.durations.session,
        )
        actor = f"user:{user.id}"
        for action in (Action.USER_CREATED,) * created + (Action.SIGNED_IN,):
            await audit.record(connection, audit.Entry(action, actor, user_id=user.id))
    log.info(Event.SIGNED_IN, user=user.id)
    return SignedIn(secret, user, return_to)


async def user_of_session(services: Services, secret: str) -> User | None:
    """Whose session this is; ``None`` where it is over or its user is disabled."""
    async with services.database.begin() as connection:
        return await sessions.load_user(connection, hash_of(secret))


async def sign_out(services: Services, secret: str) -> None:
    """End this session."""
    async with services.database.begin() as connection:
        await sessions.delete_one(connection, hash_of(secret))
