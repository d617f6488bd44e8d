"""
A journey to a consent page and back: what is remembered, and how it is recognised.

What is decided here: an attempt is bound to the browser that set out, is used once, and
its PKCE verifier lies sealed. Linking and signing in both travel this way. This module
must not know hosts or providers.
"""

from dataclasses import dataclass, field

from permsync.errors import SealedValueError, SealingKeyError
from permsync.flows.deps import Services
from permsync.flows.own_secrets import hash_of
from permsync.store import attempts
from permsync.store.attempts import AuthorizationAttempt, Purpose
from permsync.vault import Binding


@dataclass(frozen=True, slots=True)
class Departure:
    """What goes into the authorization request."""

    state: str = field(repr=False)
    code_verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Return:
    """What a callback is worth: the attempt, and the verifier that proves it is ours."""

    attempt: AuthorizationAttempt
    code_verifier: str = field(repr=False)
    lives: bool
    same_browser: bool


async def depart(
    services: Services,
    *,
    purpose: Purpose,
    browser: str,
    return_to: str,
    host: str | None = None,
    user_id: int | None = None,
) -> Departure:
    """Remember that ``browser`` (a secret of its cookie) sets out; give it its state."""
    departure = Departure(services.chance.secret(), services.chance.secret())
    state_hash = hash_of(departure.state)
    attempt = AuthorizationAttempt(
        state_hash=state_hash,
        purpose=purpose,
        browser_hash=hash_of(browser),
        verifier=services.vault.seal(departure.code_verifier, binding=_binding(state_hash)),
        return_to=return_to,
        host=host,
        user_id=user_id,
    )
    async with services.database.begin() as connection:
        await attempts.save(connection, attempt, lives_in=services.durations.link_attempt)
    return departure


async def arrive(
    services: Services, *, purpose: Purpose, state: str, browser: str
) -> Return | None:
    """Recognise who comes back; ``None`` where nobody set out with this state."""
    async with services.database.begin() as connection:
        taken = await attempts.take(connection, state_hash=hash_of(state), purpose=purpose)
    if taken is None:
        return None
    attempt, lives = taken
    try:
        verifier = services.vault.open(attempt.verifier, binding=_binding(attempt.state_hash))
    except (SealedValueError, SealingKeyError):
        # The key was changed while somebody was away: they start again.
        return None
    same = attempt.browser_hash == hash_of(browser)
    return Return(attempt=attempt, code_verifier=verifier, lives=lives, same_browser=same)


def _binding(state_hash: bytes) -> Binding:
    return Binding(
        subject="authorization_attempt",
        id=0,
        link_id=state_hash.hex(),
        field="code_verifier",
        version=0,
    )
