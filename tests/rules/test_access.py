"""
May this person see this repository: the order of the questions, one test for each.

The full matrix is ``tests/snapshots/access.txt``; what holds for all facts at once is in
``test_access_properties.py``.
"""

from dataclasses import replace

import pytest

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
from permsync.rules.access import AccountEvidence, ExplicitRule, Facts, decide
from permsync.rules.evidence import Evidence, Limits
from permsync.rules.openness import InternalTo, Openness
from tests.rules.examples import INSTANT, NOW, ago

LIMITS = Limits(soft=NOW - ago(26), hard=NOW - ago(72))
ADA = User(id=1, name="Ada")
HELD = Evidence(source=Source.ACCOUNT_LISTING, as_of=None, missed=False, listed_at=ago(1))
ACCOUNT = AccountEvidence(
    id=5, state=AccountState.ACTIVE, restricted=False, listed_at=ago(1), ended_at=None
)
HOLDER = replace(ACCOUNT, grants=(HELD,))
REPOSITORY = Repository(
    id=9,
    host="gitlab",
    external_id="42",
    owner_id="7",
    full_name="acme/one",
    visibility=Visibility.PRIVATE,
    visibility_at=ago(500),
)
PUBLIC = replace(REPOSITORY, visibility=Visibility.PUBLIC, open_seen_at=ago(2))
INTERNAL = replace(REPOSITORY, visibility=Visibility.INTERNAL, open_seen_at=ago(2))
ALLOWED = ExplicitRule(allow=True, expires_at=None)
DENIED = ExplicitRule(allow=False, expires_at=None)
OPEN = Reason.OPEN_PUBLIC
INSTANCE = Openness(internal_at_host=InternalTo.INSTANCE)
FACTS = Facts(
    host_known=True,
    openness=INSTANCE,
    user=ADA,
    repository=REPOSITORY,
    accounts=(HOLDER,),
)


def _decide(facts: Facts) -> Decision:
    return decide(facts, now=NOW, limits=LIMITS)


def _reason(facts: Facts) -> Reason:
    return _decide(facts).reason


def test_a_grant_that_counts_allows_and_says_on_what_ground_and_until_when() -> None:
    assert _decide(FACTS) == Decision(
        verdict=Verdict.ALLOW,
        reason=Reason.GRANT,
        basis=(Source.ACCOUNT_LISTING,),
        synced_at=ago(1),
        valid_until=ago(1) + LIMITS.hard,
        account_id=5,
    )


def test_stale_evidence_still_allows_and_says_that_it_is_stale() -> None:
    old = replace(HOLDER, grants=(replace(HELD, listed_at=ago(27)),))
    decision = _decide(replace(FACTS, accounts=(old,)))
    assert decision.verdict is Verdict.ALLOW
    assert decision.stale


def test_a_denial_uses_no_evidence() -> None:
    decision = _decide(replace(FACTS, accounts=(ACCOUNT,)))
    assert decision == Decision(verdict=Verdict.DENY, reason=Reason.NO_ACCESS)


# What is asked before any evidence, in this order: each row breaks one more thing, and
# the earlier question wins.
EVERYTHING_ALLOWS = replace(FACTS, repository=PUBLIC, rules=(ALLOWED,))
BEFORE_EVIDENCE = {
    Reason.EXPLICIT_DENY: replace(EVERYTHING_ALLOWS, rules=(ALLOWED, DENIED)),
    Reason.UNKNOWN_REPOSITORY: replace(EVERYTHING_ALLOWS, rules=(DENIED,), repository=None),
    Reason.UNKNOWN_HOST: replace(EVERYTHING_ALLOWS, repository=None, host_known=False),
    Reason.USER_DISABLED: replace(
        EVERYTHING_ALLOWS, host_known=False, user=replace(ADA, disabled_at=ago(0))
    ),
    Reason.UNKNOWN_USER: replace(EVERYTHING_ALLOWS, host_known=False, user=None),
}


@pytest.mark.parametrize("reason", BEFORE_EVIDENCE)
def test_it_is_denied_before_any_evidence_is_looked_at(reason: Reason) -> None:
    assert _decide(BEFORE_EVIDENCE[reason]) == Decision(verdict=Verdict.DENY, reason=reason)


def test_a_repository_that_is_gone_is_unknown() -> None:
    gone = replace(PUBLIC, gone_at=ago(1))
    assert _reason(replace(EVERYTHING_ALLOWS, repository=gone)) is Reason.UNKNOWN_REPOSITORY


def test_an_explicit_allow_needs_no_account_and_has_its_own_end() -> None:
    rule = ExplicitRule(allow=True, expires_at=NOW + INSTANT)
    assert _decide(replace(FACTS, rules=(rule,), accounts=())) == Decision(
        verdict=Verdict.ALLOW,
        reason=Reason.EXPLICIT_ALLOW,
        basis=(Source.EXPLICIT,),
        valid_until=NOW + INSTANT,
    )


def test_an_explicit_rule_holds_at_its_end_as_a_grant_does() -> None:
    allowed, denied = (ExplicitRule(allow=allow, expires_at=NOW) for allow in (True, False))
    alone = replace(FACTS, accounts=())
    at_hard = replace(ACCOUNT, grants=(replace(HELD, listed_at=NOW - LIMITS.hard),))
    for facts, reason in (
        (replace(alone, rules=(allowed,)), Reason.EXPLICIT_ALLOW),
        (replace(FACTS, rules=(denied,)), Reason.EXPLICIT_DENY),
        (replace(FACTS, accounts=(at_hard,)), Reason.GRANT),
        (replace(alone, repository=replace(PUBLIC, open_seen_at=NOW - LIMITS.hard)), OPEN),
    ):
        assert _reason(facts) is reason
        assert _decide(facts).valid_until == NOW


def test_an_explicit_rule_is_over_after_its_end() -> None:
    ended = NOW - INSTANT
    over = (ExplicitRule(allow=False, expires_at=ended), ExplicitRule(allow=True, expires_at=ended))
    assert _reason(replace(FACTS, rules=over)) is Reason.GRANT
    assert _reason(replace(FACTS, rules=over, accounts=())) is Reason.NOT_LINKED


def test_a_denial_that_has_not_ended_wins_over_an_allowance_without_end() -> None:
    rules = (ALLOWED, ExplicitRule(allow=False, expires_at=NOW + INSTANT))
    assert _reason(replace(FACTS, rules=rules)) is Reason.EXPLICIT_DENY


def test_a_denial_holds_until_the_last_of_its_rules_ends() -> None:
    ends = (NOW + INSTANT, ago(-5), ago(-3))
    rules = tuple(ExplicitRule(allow=False, expires_at=end) for end in ends)
    assert _decide(replace(FACTS, rules=rules)).valid_until == ago(-5)
    assert _decide(replace(FACTS, rules=(*rules, DENIED))).valid_until is None


def test_a_public_repository_needs_no_account() -> None:
    assert _decide(replace(FACTS, repository=PUBLIC, accounts=())) == Decision(
        verdict=Verdict.ALLOW,
        reason=Reason.OPEN_PUBLIC,
        synced_at=ago(2),
        valid_until=ago(2) + LIMITS.hard,
    )


def test_openness_ages_like_evidence() -> None:
    at_soft = replace(PUBLIC, open_seen_at=NOW - LIMITS.soft)
    at_hard = replace(PUBLIC, open_seen_at=NOW - LIMITS.hard)
    past_hard = replace(PUBLIC, open_seen_at=NOW - LIMITS.hard - INSTANT)
    alone = replace(FACTS, accounts=())
    assert not _decide(replace(alone, repository=at_soft)).stale
    assert _decide(replace(alone, repository=at_hard)).stale
    assert _decide(replace(alone, repository=past_hard)).verdict is Verdict.DENY


def test_openness_that_nothing_dates_is_not_believed() -> None:
    undated = replace(PUBLIC, open_seen_at=None)
    assert _reason(replace(FACTS, repository=undated, accounts=(ACCOUNT,))) is Reason.NO_ACCESS


def test_trap_14_internal_opens_to_an_unrestricted_account_of_the_host() -> None:
    facts = replace(FACTS, repository=INTERNAL, accounts=(ACCOUNT,))
    assert _reason(facts) is Reason.OPEN_INTERNAL


@pytest.mark.parametrize(
    "accounts",
    [
        (),
        (replace(ACCOUNT, restricted=True),),
        *((replace(ACCOUNT, state=state),) for state in sorted(set(AccountState) - LIVING)),
        (replace(ACCOUNT, restricted=True), replace(ACCOUNT, state=AccountState.UNLINKED)),
    ],
)
def test_internal_opens_to_nobody_else(accounts: tuple[AccountEvidence, ...]) -> None:
    facts = replace(FACTS, repository=INTERNAL, accounts=accounts)
    assert _decide(facts).verdict is Verdict.DENY


def test_internal_is_private_where_the_host_does_not_mean_everybody() -> None:
    """R12: at GitHub it means an enterprise, which an account alone does not prove."""
    facts = replace(FACTS, repository=INTERNAL, accounts=(ACCOUNT,), openness=Openness())
    assert _reason(facts) is Reason.NO_ACCESS


def test_any_living_account_of_the_person_will_do() -> None:
    dead = replace(HOLDER, id=4, state=AccountState.NEEDS_REAUTH)
    decision = _decide(replace(FACTS, accounts=(dead, ACCOUNT, replace(HOLDER, id=6))))
    assert (decision.reason, decision.account_id) == (Reason.GRANT, 6)


@pytest.mark.parametrize("state", AccountState)
def test_states_gate_the_rows_that_stay(state: AccountState) -> None:
    decision = _decide(replace(FACTS, accounts=(replace(HOLDER, state=state),)))
    assert (decision.verdict is Verdict.ALLOW) is (state in LIVING)


def test_of_several_ways_in_the_one_that_holds_longest_is_named() -> None:
    young = replace(HELD, source=Source.REPO_LISTING, listed_at=ago(0))
    facts = replace(FACTS, accounts=(replace(HOLDER, grants=(HELD, young)),))
    assert _decide(facts).basis == (Source.REPO_LISTING,)
    assert _reason(replace(facts, rules=(ALLOWED,))) is Reason.EXPLICIT_ALLOW


# The person is told the first thing that they can do something about.
BROKEN = replace(ACCOUNT, state=AccountState.NEEDS_REAUTH)
NARROW = replace(ACCOUNT, state=AccountState.NEEDS_SCOPE)
LOCKED = replace(ACCOUNT, state=AccountState.DISABLED_AT_HOST)
UNLINKED = replace(ACCOUNT, state=AccountState.UNLINKED)
NEW = replace(ACCOUNT, listed_at=None)
OLD = replace(ACCOUNT, listed_at=ago(73))


@pytest.mark.parametrize(
    ("accounts", "reason"),
    [
        ((), Reason.NOT_LINKED),
        ((UNLINKED,), Reason.NOT_LINKED),
        ((UNLINKED, ACCOUNT), Reason.NO_ACCESS),
        ((ACCOUNT, OLD), Reason.EVIDENCE_TOO_OLD),
        ((OLD, NEW), Reason.FIRST_SYNC_PENDING),
        ((NEW, LOCKED), Reason.DISABLED_AT_HOST),
        ((LOCKED, NARROW), Reason.NEEDS_SCOPE),
        ((NARROW, BROKEN), Reason.NEEDS_REAUTH),
        ((BROKEN, UNLINKED), Reason.NEEDS_REAUTH),
    ],
)
def test_a_denial_names_the_first_thing_that_helps(
    accounts: tuple[AccountEvidence, ...], reason: Reason
) -> None:
    assert _reason(replace(FACTS, accounts=accounts)) is reason


def test_a_listing_proves_absence_up_to_the_hard_age() -> None:
    at_hard = replace(ACCOUNT, listed_at=NOW - LIMITS.hard)
    past_hard = replace(ACCOUNT, listed_at=NOW - LIMITS.hard - INSTANT)
    assert _reason(replace(FACTS, accounts=(at_hard,))) is Reason.NO_ACCESS
    assert _reason(replace(FACTS, accounts=(past_hard,))) is Reason.EVIDENCE_TOO_OLD


def test_a_repaired_account_waits_for_its_first_listing_since() -> None:
    ended = replace(ACCOUNT, listed_at=ago(5), ended_at=ago(5))
    repaired = replace(ended, listed_at=ago(5) + INSTANT)
    assert _reason(replace(FACTS, accounts=(ended,))) is Reason.FIRST_SYNC_PENDING
    assert _reason(replace(FACTS, accounts=(repaired,))) is Reason.NO_ACCESS


def test_a_row_that_outlived_the_hard_age_is_told_from_one_that_never_was() -> None:
    missed = replace(HELD, as_of=ago(73), missed=True)
    undated = replace(HELD, missed=True)
    facts = replace(FACTS, accounts=(replace(ACCOUNT, grants=(missed,)),))
    assert _reason(facts) is Reason.EVIDENCE_TOO_OLD
    facts = replace(FACTS, accounts=(replace(ACCOUNT, grants=(undated,)),))
    assert _reason(facts) is Reason.NO_ACCESS
