"""
What a host's refusal or fault means for the account: one table for all hosts.

What is decided here: which failures end access and which keep it, and whether asking again
can help (HOSTS 1.2). This module must not know how a host says these things; ``hosts``
classifies. ``docs/failures.md`` is written from this table.
"""

from dataclasses import dataclass
from enum import StrEnum

from permsync.codehost import FailureKind
from permsync.model import AccountReason, AccountState


class Retry(StrEnum):
    """
    When the same question is asked again.

    ``AT_ONCE`` is a few tries in the same run, backing off; ``WHEN_TOLD`` is after the wait
    that the host names, in the same run where that is short; ``NEXT_RUN`` is by the
    schedule; ``NEVER`` waits for the person.
    """

    AT_ONCE = "at_once"
    WHEN_TOLD = "when_told"
    NEXT_RUN = "next_run"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Consequence:
    """``state`` is what the account turns into; ``None`` keeps it, and its access."""

    meaning: str
    retry: Retry
    state: AccountState | None = None
    reason: AccountReason | None = None


CONSEQUENCES: dict[FailureKind, Consequence] = {
    FailureKind.CREDENTIAL_REJECTED: Consequence(
        "The host takes the token no longer, after one forced refresh and one repeat.",
        Retry.NEVER,
        AccountState.NEEDS_REAUTH,
        AccountReason.CREDENTIAL_REJECTED,
    ),
    FailureKind.ACCOUNT_DISABLED: Consequence(
        "The host blocked, deactivated or suspended the person's account.",
        Retry.NEVER,
        AccountState.DISABLED_AT_HOST,
        AccountReason.DISABLED_AT_HOST,
    ),
    FailureKind.INSUFFICIENT_SCOPE: Consequence(
        "The token lacks a scope that the listing needs.",
        Retry.NEVER,
        AccountState.NEEDS_SCOPE,
        AccountReason.SCOPE_MISSING,
    ),
    FailureKind.RATE_LIMITED: Consequence(
        "Too much was asked, and the host says so.", Retry.WHEN_TOLD
    ),
    FailureKind.UNAVAILABLE: Consequence(
        "The host, or something in front of it, does not work just now.", Retry.AT_ONCE
    ),
    FailureKind.UNREADABLE: Consequence(
        "The answer is not what was asked for: another shape, cut short, not JSON.",
        Retry.NEXT_RUN,
    ),
    FailureKind.ENDPOINT_GONE: Consequence(
        "The host removed what we ask for: ours to mend, no account's fault.", Retry.NEXT_RUN
    ),
    FailureKind.FORBIDDEN: Consequence(
        "A refusal that says nothing about the token, the account or a limit.", Retry.NEXT_RUN
    ),
    FailureKind.HIDDEN: Consequence(
        "Not found: gone, renamed, or hidden from this person.", Retry.NEXT_RUN
    ),
    FailureKind.FOREIGN_LINK: Consequence(
        "The next page is said to lie at another origin; the token does not go there.",
        Retry.NEXT_RUN,
    ),
}


def consequence_of(kind: FailureKind) -> Consequence:
    """What this failure means for the account."""
    return CONSEQUENCES[kind]
