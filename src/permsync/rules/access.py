"""
Where access is decided: may this person see this repository, and why.

Ada, Grace and Linus show the order of the questions:

1. Is the person known and not disabled? Linus left; the answer is no at once.
2. Do we know the repository? What nobody ever listed is denied, not guessed.
3. Did an operator deny this pair? An explicit deny wins over everything below.
4. Does anything allow it? An operator's explicit allow, the repository's openness
   (``rules.openness``: Ada needs no grant for a public repository seen public within the
   hard age), or a grant of any living account of hers that still counts.
5. Otherwise no, with the first reason that the person can act on: Grace is told to
   reconnect before she is told that she has no access.

Doubt never adds: no rule, no date, no state we know means deny. The full matrix of this
module is the committed text ``tests/snapshots/access.txt``. It must not know SQL, hosts
or who asks.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
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
)
from permsync.rules.evidence import Counts, Evidence, Limits, TooOld, age_of, weigh
from permsync.rules.openness import Openness, ways_in

FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AccountEvidence:
    """
    One account of the person at the repository's host, and its rows for this pair.

    ``member`` is a row of another repository, which shows that it is of the enterprise.
    """

    id: int
    state: AccountState
    restricted: bool
    listed_at: datetime | None
    ended_at: datetime | None
    grants: tuple[Evidence, ...] = ()
    member: Evidence | None = None


@dataclass(frozen=True, slots=True)
class ExplicitRule:
    """An operator's word about a pair; ``expires_at`` is the last instant at which it holds."""

    allow: bool
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Facts:
    """
    Everything a decision is made of.

    ``openness`` is what public and internal mean at this host. ``uncounted`` are the sources
    whose rows about this repository the operator lets count for nobody.
    """

    host_known: bool
    openness: Openness
    user: User | None
    repository: Repository | None
    rules: tuple[ExplicitRule, ...] = ()
    accounts: tuple[AccountEvidence, ...] = ()
    uncounted: frozenset[Source] = frozenset()


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
    accounts = tuple(_counted(one, facts.uncounted) for one in facts.accounts)
    allowed = [
        *_by_grant(accounts, now=now, limits=limits),
        *_by_openness(facts.openness, repository, accounts, now=now, limits=limits),
        *(_explicit(one) for one in rules),
    ]
    if allowed:
        return max(allowed, key=lambda one: one.valid_until or FOREVER)
    reason = _why_not(accounts, now=now, limits=limits)
    if reason is Reason.NO_ACCESS:
        reason = _who_closed(facts, repository, now=now, limits=limits)
    return _deny(reason)


def _counted(account: AccountEvidence, uncounted: frozenset[Source]) -> AccountEvidence:
    """The account without the rows of sources that count for nobody."""
    if not uncounted:
        return account
    return replace(
        account, grants=tuple(one for one in account.grants if one.source not in uncounted)
    )


def _who_closed(facts: Facts, repository: Repository, *, now: datetime, limits: Limits) -> Reason:
    """Whether it is the operator's settings, and not the host, that keep the person out."""
    if any(_by_grant(facts.accounts, now=now, limits=limits)):
        return Reason.SOURCE_NOT_COUNTED
    at_host = facts.openness.as_at_host
    if ways_in(at_host, repository, facts.accounts, now=now, limits=limits):
        return Reason.CLOSED_BY_POLICY
    return Reason.NO_ACCESS


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
    openness: Openness,
    repository: Repository,
    accounts: Iterable[AccountEvidence],
    *,
    now: datetime,
    limits: Limits,
) -> Iterable[Decision]:
    for one in ways_in(openness, repository, accounts, now=now, limits=limits):
        yield Decision(
            verdict=Verdict.ALLOW,
            reason=one.reason,
            synced_at=one.as_of,
            stale=now - one.as_of > limits.soft,
            valid_until=one.until,
            account_id=one.account_id,
        )


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
