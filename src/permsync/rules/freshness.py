"""
When a token is fresh, stale or invalid.

What is decided here: one question, asked right before every use. It must not know where
the token came from, who asks, or what a refresh is. Shape after google-auth: a stale
token still serves while one refresh runs.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

MARGIN_SHARE = 0.1
MARGIN_MOST = 0.5  # of the lifetime: a two-minute token is not born stale
JITTER_SHARE = 0.25
GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True)
class Fresh:
    """Use it; ask again at ``until`` (``None``: it has no expiry)."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class Stale:
    """Use it and have it refreshed; it dies at ``until``."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Invalid:
    """Do not use it; it died at ``since``."""

    since: datetime


Freshness = Fresh | Stale | Invalid


def margin_of(*, lifetime: timedelta, margin: timedelta, jitter: float = 0.0) -> timedelta:
    """
    How long before its end a token of this lifetime turns stale.

    ``jitter`` in [0, 1) widens the margin by up to a quarter, so that tokens issued together
    are not all refreshed together. It belongs to the token: see :func:`jitter_of`.
    """
    widened = max(margin, lifetime * MARGIN_SHARE) * (1 + JITTER_SHARE * jitter)
    return min(widened, lifetime * MARGIN_MOST)


def jitter_of(account_id: int, *, version: int) -> float:
    """
    The jitter of one token in [0, 1): always the same, so that it never turns fresh again.

    Multiples of the golden ratio spread evenly whatever the numbers are.
    """
    return (account_id * GOLDEN + version * GOLDEN * GOLDEN) % 1


def decide(
    *,
    issued_at: datetime,
    expires_at: datetime | None,
    now: datetime,
    margin: timedelta,
    jitter: float = 0.0,
) -> Freshness:
    """
    Decide for a token issued and expiring at these instants (database time).

    Without an expiry it is fresh until its host refuses it: only for hosts that say so.
    """
    if expires_at is None:
        return Fresh(until=None)
    if now >= expires_at:
        return Invalid(since=expires_at)
    lifetime = expires_at - issued_at
    stale_at = expires_at - margin_of(lifetime=lifetime, margin=margin, jitter=jitter)
    return Stale(until=expires_at) if now >= stale_at else Fresh(until=stale_at)
