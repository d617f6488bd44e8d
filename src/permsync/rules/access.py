"""
Where access is decided: may this person see this repository, and why.

Ada, Grace and Linus show the order of the questions:

1. Is the person known and not disabled? Linus left; the answer is no at once.
2. Do we know the repository? What nobody ever listed is denied, not guessed.
3. Did an operator deny this pair? An explicit deny wins over everything below.
4. Does anything allow it? An operator's explicit allow, the repository's openness (Ada
   needs no grant for a public repository seen public within the hard age), or a grant of
   any living account of hers that still counts.
5. Otherwise no, with the first reason that the person can act on: Grace is told to
   reconnect before she is told that she has no access.

Doubt never adds: no rule, no date, no state we know means deny. The full matrix of this
module is the committed text ``tests/snapshots/access.txt``. It must not know SQL, hosts
or who asks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from permsync.model import (
    LIVING,
    AccountState,
    Decision,
    Reason,
    Repository,
    Source,
    User,
    Verdict,
    Visibility,
)
from permsync.rules.evidence import Counts, Evidence, Limits, TooOld, age_of, weigh

FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AccountEvidence:
    """One account of the person at the repository's host, and its rows for this pair."""

    id: int
    state: AccountState
    restricted: bool
    listed_at: datetime | None
    ended_at: datetime | None
    grants: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class ExplicitRule:
    """An operator's word about a pair; ``expires_at`` is the last instant at which it holds."""

    allow: bool
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Facts:
    """
    Everything a decision is made of.

    ``internal_is_open`` says that ``internal`` at this host means every unrestricted
    account of it (EVIDENCE R12); otherwise internal is private.
    """

    host_known: bool
    internal_is_open: bool
    user: User | None
    repository: Repository | None
    rules: tuple[ExplicitRule, ...] = ()
    accounts: tuple[AccountEvidence, ...] = ()


def decide(facts: Facts, *, now: datetime, limits: Limits) -> Decision:
    """Decide at ``now`` (database time); see the module's text for the order."""
    if facts.user is None:
        return _deny(Reason.UNKNOWN_USER)
    if facts.user.disabled_at is not None:
        return _deny(Reason.USER_DISABLED)
    if not facts.host_known:
        return _deny(Reason.UNKNOWN_HOST)
    repository = facts.repository
    if repository is None or repository.gone_at is not None:
        return _deny(Reason.UNKNOWN_REPOSITORY)
    rules = [one for one in facts.rules if one.expires_at is None or now <= one.expires_at]
    if denials := [one.expires_at or FOREVER for one in rules if not one.allow]:
        longest = max(denials)
        return _deny(Reason.EXPLICIT_DENY, until=None if longest == FOREVER else longest)
    allowed = [
        *_by_grant(facts.accounts, now=now, limits=limits),
        *_by_openness(facts, repository, now=now, limits=limits),
        *(_explicit(one) for one in rules),
    ]
    if allowed:
        return max(allowed, key=lambda one: one.valid_until or FOREVER)
    return _deny(_why_not(facts.accounts, now=now, limits=limits))


def _deny(reason: Reason, *, until: datetime | None = None) -> Decision:
    return Decision(verdict=Verdict.DENY, reason=reason, valid_until=until)


def _explicit(rule: ExplicitRule) -> Decision:
    return Decision(
        verdict=Verdict.ALLOW,
        reason=Reason.EXPLICIT_ALLOW,
        basis=(Source.EXPLICIT,),
        valid_until=rule.expires_at,
    )


def _by_grant(
    accounts: Iterable[AccountEvidence], *, now: datetime, limits: Limits
) -> Iterable[Decision]:
    for account in accounts:
        if account.state not in LIVING:
            continue
        for grant in account.grants:
            weight = weigh(grant, now=now, limits=limits)
            if isinstance(weight, Counts):
                yield Decision(
                    verdict=Verdict.ALLOW,
                    reason=Reason.GRANT,
                    basis=(grant.source,),
                    synced_at=weight.as_of,
                    stale=weight.stale,
                    valid_until=weight.until,
                    account_id=account.id,
                )


def _by_openness(
    facts: Facts, repository: Repository, *, now: datetime, limits: Limits
) -> Iterable[Decision]:
    seen_at = repository.open_seen_at
    if seen_at is None or now - seen_at > limits.hard:
        return
    reason = _openness(facts, repository)
    if reason is not None:
        yield Decision(
            verdict=Verdict.ALLOW,
            reason=reason,
            synced_at=seen_at,
            stale=now - seen_at > limits.soft,
            valid_until=seen_at + limits.hard,
        )


def _openness(facts: Facts, repository: Repository) -> Reason | None:
    if repository.visibility is Visibility.PUBLIC:
        return Reason.OPEN_PUBLIC
    if repository.visibility is Visibility.INTERNAL and facts.internal_is_open:
        inside = any(one.state in LIVING and not one.restricted for one in facts.accounts)
        return Reason.OPEN_INTERNAL if inside else None
    return None  # whatever is not known to be open is closed


def _why_not(accounts: tuple[AccountEvidence, ...], *, now: datetime, limits: Limits) -> Reason:
    """The first reason that the person can act on, over all their accounts at the host."""
    linked = [one for one in accounts if one.state is not AccountState.UNLINKED]
    if not linked:
        return Reason.NOT_LINKED
    states = {one.state for one in linked}
    for state, reason in (
        (AccountState.NEEDS_REAUTH, Reason.NEEDS_REAUTH),
        (AccountState.NEEDS_SCOPE, Reason.NEEDS_SCOPE),
        (AccountState.DISABLED_AT_HOST, Reason.DISABLED_AT_HOST),
    ):
        if state in states:
            return reason
    if any(_never_listed(one) for one in linked):
        return Reason.FIRST_SYNC_PENDING
    if any(_outlived(one, now=now, limits=limits) for one in linked):
        return Reason.EVIDENCE_TOO_OLD
    return Reason.NO_ACCESS


def _never_listed(account: AccountEvidence) -> bool:
    """No listing since the account was linked or its access last ended."""
    if account.listed_at is None:
        return True
    return account.ended_at is not None and account.listed_at <= account.ended_at


def _outlived(account: AccountEvidence, *, now: datetime, limits: Limits) -> bool:
    """A row, or the last listing itself, is past the hard age: absence proves nothing."""
    if account.listed_at is not None and now - account.listed_at > limits.hard:
        return True
    return any(
        isinstance(weigh(one, now=now, limits=limits), TooOld) and age_of(one) is not None
        for one in account.grants
    )
