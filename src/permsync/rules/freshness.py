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


def margin_of(*, lifetime: timedelta, margin: timedelta) -> timedelta:
    """How long before its end a token of this lifetime turns stale."""
    return min(max(margin, lifetime * MARGIN_SHARE), lifetime * MARGIN_MOST)


def decide(
    *, issued_at: datetime, expires_at: datetime | None, now: datetime, margin: timedelta
) -> Freshness:
    """Decide for a token issued and expiring at these instants (database time)."""
    if expires_at is None:
        return Fresh(until=None)
    if now >= expires_at:
        return Invalid(since=expires_at)
    stale_at = expires_at - margin_of(lifetime=expires_at - issued_at, margin=margin)
    return Stale(until=expires_at) if now >= stale_at else Fresh(until=stale_at)
