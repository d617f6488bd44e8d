"""
Whether new tokens may take the place of those that an account has.

What is decided here: a link never shrinks what a person gave us without their seeing it. A
link that lacks what is needed today is refused and the account stays as it was; a sign-in,
which nobody meant as a link, must bring all that the account had. This module must not know
a host or a token.
"""

from dataclasses import dataclass
from enum import StrEnum

from permsync.errors import LinkRefusal
from permsync.model import LIVING, AccountState


@dataclass(frozen=True, slots=True)
class Held:
    """An account that new tokens are for. ``missing`` are the needed scopes that it lacks."""

    state: AccountState
    scopes: frozenset[str] | None
    missing: frozenset[str]


def refusal_of_link(missing: frozenset[str], held: Held | None) -> LinkRefusal | None:
    """
    Why a link that lacks ``missing`` of the needed scopes is not made; ``None`` makes it.

    Scopes that the account has beyond what is needed today are no reason: the operator asks
    for them no longer.
    """
    if not missing:
        return None
    if held is not None and held.state in LIVING and held.missing < missing:
        return LinkRefusal.SCOPE_NARROWER
    return LinkRefusal.SCOPE_MISSING


class Unfit(StrEnum):
    """Why the tokens of a sign-in do not heal an account."""

    NOT_BROKEN = "not_broken"
    NOT_LINKED = "not_linked"
    NOT_LASTING = "not_lasting"
    SCOPE_MISSING = "scope_missing"
    SCOPE_NARROWER = "scope_narrower"


@dataclass(frozen=True, slots=True)
class Brought:
    """What a sign-in brought. ``lasts`` means that it can be refreshed, or does not expire."""

    scopes: frozenset[str] | None
    missing: frozenset[str]
    lasts: bool


def unfitness_of_account(state: AccountState) -> Unfit | None:
    """Why a sign-in leaves an account in this state alone; ``None`` where it may heal it."""
    if state is AccountState.ACTIVE:
        return Unfit.NOT_BROKEN
    return Unfit.NOT_LINKED if state is AccountState.UNLINKED else None


def unfitness_of_sign_in(brought: Brought, held: Held) -> Unfit | None:
    """Why a sign-in does not heal; ``None`` heals."""
    unfit = unfitness_of_account(held.state)
    if unfit is not None:
        return unfit
    if not brought.lasts:
        return Unfit.NOT_LASTING
    if brought.missing:
        return Unfit.SCOPE_MISSING
    if held.scopes is not None and brought.scopes is not None and held.scopes - brought.scopes:
        return Unfit.SCOPE_NARROWER
    return None
