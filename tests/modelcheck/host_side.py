"""
The stranger of the refresh model: one person's tokens at a host, under one rotation policy.

Written from REFRESH's words on each policy, sharing no line with the product or with the
simulator, so that three readings of one text check each other. Time is in ticks; a token's
age since its first use counts up to the grace window and stops there.
"""

from enum import StrEnum
from typing import NamedTuple

GRACE_TICKS = 10


class Policy(StrEnum):
    """What presenting a refresh token does to the tokens of its consent."""

    STRICT = "strict"
    FAMILY = "family"
    GRACE = "grace"
    GRACE_NEWEST_WINS = "grace_newest_wins"
    REVOKE_ON_FIRST_USE = "revoke_on_first_use"
    TOLERANT = "tolerant"


# Where a commit of the host that never reaches us cannot be repeated by anybody.
UNFORGIVING = frozenset({Policy.STRICT, Policy.FAMILY})
GRACEFUL = frozenset({Policy.GRACE, Policy.GRACE_NEWEST_WINS})


class Token(NamedTuple):
    """One refresh token; its number is its place in :class:`HostSide`."""

    family: int
    parent: int | None
    is_alive: bool = True
    spent_for: int | None = None


class HostSide(NamedTuple):
    """All refresh tokens of one person, oldest first."""

    tokens: tuple[Token, ...] = ()


def consent(host: HostSide) -> tuple[HostSide, int]:
    """The person agrees once more: a new family, older ones stay as they are."""
    family = 1 + max((token.family for token in host.tokens), default=-1)
    return HostSide((*host.tokens, Token(family, None))), len(host.tokens)


def would_work(host: HostSide, policy: Policy, number: int) -> bool:
    """Whether presenting this token now would be answered with tokens."""
    token = host.tokens[number]
    if not token.is_alive:
        return False
    if token.spent_for is None:
        return True
    if policy in GRACEFUL:
        return token.spent_for < GRACE_TICKS
    return policy in {Policy.TOLERANT, Policy.REVOKE_ON_FIRST_USE}


def present(host: HostSide, policy: Policy, number: int) -> tuple[HostSide, int | None]:
    """Present a token: what the host is afterwards, and the number of its successor."""
    token = host.tokens[number]
    if not would_work(host, policy, number):
        reused = policy is Policy.FAMILY and token.is_alive
        return (_end_family(host, token.family) if reused else host), None
    if policy is Policy.GRACE_NEWEST_WINS and token.spent_for is not None:
        host = _end_children(host, number)
    if policy is Policy.REVOKE_ON_FIRST_USE:
        host = use(host, policy, number)
    spent = token._replace(spent_for=0 if token.spent_for is None else token.spent_for)
    host = _with(host, number, spent)
    return HostSide((*host.tokens, Token(token.family, number))), len(host.tokens)


def use(host: HostSide, policy: Policy, number: int) -> HostSide:
    """Somebody calls the API with the access token issued beside this refresh token."""
    parent = host.tokens[number].parent
    if policy is not Policy.REVOKE_ON_FIRST_USE or parent is None:
        return host
    return _with(host, parent, host.tokens[parent]._replace(is_alive=False))


def tick(host: HostSide, policy: Policy) -> HostSide:
    """One tick passes: where it matters, first uses grow older, up to the end of the window."""
    if policy not in GRACEFUL:
        return host
    return HostSide(
        tuple(
            token
            if token.spent_for is None or token.spent_for >= GRACE_TICKS
            else token._replace(spent_for=token.spent_for + 1)
            for token in host.tokens
        )
    )


def _with(host: HostSide, number: int, token: Token) -> HostSide:
    return HostSide((*host.tokens[:number], token, *host.tokens[number + 1 :]))


def _end_family(host: HostSide, family: int) -> HostSide:
    return HostSide(
        tuple(
            token._replace(is_alive=False) if token.family == family else token
            for token in host.tokens
        )
    )


def _end_children(host: HostSide, number: int) -> HostSide:
    return HostSide(
        tuple(
            token._replace(is_alive=False) if token.parent == number else token
            for token in host.tokens
        )
    )


def revoke(host: HostSide, number: int) -> HostSide:
    """Forget one token, as RFC 7009 asks."""
    return _with(host, number, host.tokens[number]._replace(is_alive=False))
