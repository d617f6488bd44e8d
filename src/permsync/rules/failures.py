"""
What a host's refusal or fault means for the account: one table for all hosts.

What is decided here: which failures end access and which keep it (HOSTS 1.2). This module
must not know how a host says these things; ``hosts`` classifies.
"""

from dataclasses import dataclass

from permsync.codehost import FailureKind
from permsync.model import AccountReason, AccountState


@dataclass(frozen=True, slots=True)
class Consequence:
    """``state`` is what the account turns into; ``None`` keeps it, and its access."""

    state: AccountState | None = None
    reason: AccountReason | None = None


KEEP = Consequence()

CONSEQUENCES: dict[FailureKind, Consequence] = {
    # Reached only after one forced refresh and one repeat (flows.ask_host).
    FailureKind.CREDENTIAL_REJECTED: Consequence(
        AccountState.NEEDS_REAUTH, AccountReason.CREDENTIAL_REJECTED
    ),
    FailureKind.ACCOUNT_DISABLED: Consequence(
        AccountState.DISABLED_AT_HOST, AccountReason.DISABLED_AT_HOST
    ),
    FailureKind.INSUFFICIENT_SCOPE: Consequence(
        AccountState.NEEDS_SCOPE, AccountReason.SCOPE_MISSING
    ),
    FailureKind.RATE_LIMITED: KEEP,
    FailureKind.UNAVAILABLE: KEEP,
    FailureKind.UNREADABLE: KEEP,
    FailureKind.ENDPOINT_GONE: KEEP,  # our bug, not the person's
    FailureKind.FORBIDDEN: KEEP,
    FailureKind.HIDDEN: KEEP,
    FailureKind.FOREIGN_LINK: KEEP,
}


def consequence_of(kind: FailureKind) -> Consequence:
    """What this failure means for the account."""
    return CONSEQUENCES[kind]
