"""
Whether an access token may be lent to another program, and how long it should live on.

What is decided here: the closed set of refusals and their order (a caller without the right
learns nothing else), and a cap on the life that may be asked for, so that nobody can have
tokens refreshed at will. This module must not know a key, a token or the clock.
"""

from dataclasses import dataclass
from datetime import timedelta

from permsync.codehost import Rotation
from permsync.errors import LendingRefusal
from permsync.model import LIVING, Account, AccountState, User
from permsync.rules.freshness import MARGIN_MOST, margin_of

EVERY = "*"

# A refresh at these hosts ends the access token that was given out before it (REFRESH 5).
ENDS_WITH_REFRESH = frozenset({Rotation.STRICT, Rotation.FAMILY})


@dataclass(frozen=True, slots=True)
class LendingRight:
    """
    For which hosts and people tokens may be lent; :data:`EVERY` is all of them.

    Nothing named is nothing allowed: both must cover an account.
    """

    hosts: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()


EVERYTHING = LendingRight(frozenset({EVERY}), frozenset({EVERY}))

_BY_STATE = {
    AccountState.UNLINKED: LendingRefusal.NOT_LINKED,
    AccountState.NEEDS_REAUTH: LendingRefusal.NEEDS_REAUTH,
    AccountState.NEEDS_SCOPE: LendingRefusal.NEEDS_SCOPE,
    AccountState.DISABLED_AT_HOST: LendingRefusal.DISABLED_AT_HOST,
}


@dataclass(frozen=True, slots=True)
class Borrowed:
    """What is asked for: an account, whose it is, and whether its host was opened for this."""

    account: Account
    user: User
    host_lends: bool


def refusal_of(wanted: Borrowed | None, right: LendingRight) -> LendingRefusal | None:
    """
    Why nothing may be lent, or ``None``.

    An account that there is not is refused like one that the right does not cover.
    """
    if wanted is None or not _covers(right, wanted.account):
        return LendingRefusal.NOT_ALLOWED
    if not wanted.host_lends:
        return LendingRefusal.LENDING_OFF
    if wanted.user.disabled_at is not None:
        return LendingRefusal.USER_DISABLED
    if wanted.account.state in LIVING:
        return None
    return _BY_STATE[wanted.account.state]


def remaining_wanted(
    asked: timedelta, *, most: timedelta, lifetime: timedelta, margin: timedelta, rotation: Rotation
) -> timedelta:
    """
    How long a lent token should live on, of ``asked``.

    Where a refresh ends the tokens lent before it, it is the freshness margin whatever is
    asked: what is due is refreshed first, and nobody can have more refreshed. Elsewhere it
    is what was asked, at most ``most`` and half the lifetime.
    """
    if rotation in ENDS_WITH_REFRESH:
        return margin_of(lifetime=lifetime, margin=margin)
    return min(asked, most, lifetime * MARGIN_MOST)


def _covers(right: LendingRight, account: Account) -> bool:
    hosts, users = {EVERY, account.host}, {EVERY, str(account.user_id)}
    return not (right.hosts.isdisjoint(hosts) or right.users.isdisjoint(users))
