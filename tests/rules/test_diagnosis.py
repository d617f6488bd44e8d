"""Why somebody misses a repository: one cause, the nearest to the person, and one remedy."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from permsync.model import AccountState, Decision, LeftOut, Reason, Source, Verdict
from permsync.rules.diagnosis import (
    AccountSight,
    Cause,
    Diagnosis,
    Missed,
    Remedy,
    diagnose,
)

NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(days=2)
ACCOUNT = AccountSight(id=7, state=AccountState.ACTIVE, listed_at=NOW)
UNKNOWN = Decision(Verdict.DENY, Reason.UNKNOWN_REPOSITORY)
MISSED = Missed(decision=UNKNOWN, accounts=(ACCOUNT,), owner="acme", included=True)


def with_account(**changes: object) -> Missed:
    """The same, and the account is otherwise."""
    return replace(MISSED, accounts=(replace(ACCOUNT, **changes),))  # type: ignore[arg-type]


def because(reason: Reason, missed: Missed = MISSED) -> Missed:
    """The same, denied for this reason."""
    return replace(missed, decision=Decision(Verdict.DENY, reason))


def test_what_is_seen_says_how_old_that_is() -> None:
    seen = Decision(
        Verdict.ALLOW, Reason.GRANT, (Source.ACCOUNT_LISTING,), synced_at=EARLIER, account_id=7
    )
    found = diagnose(replace(MISSED, decision=seen, included=False))
    assert found == Diagnosis(Cause.VISIBLE, None, 7, EARLIER)


@pytest.mark.parametrize(
    "reason",
    [
        Reason.CLOSED_BY_POLICY,
        Reason.SOURCE_NOT_COUNTED,
        Reason.USER_DISABLED,
    ],
)
def test_what_the_operator_decided_is_nothing_that_a_person_can_mend(reason: Reason) -> None:
    broken = with_account(state=AccountState.NEEDS_REAUTH)
    assert diagnose(because(reason, broken)) == Diagnosis(Cause.BY_OPERATOR)


def test_an_owner_that_is_not_mirrored_is_said_before_anything_is_asked_of_the_person() -> None:
    assert diagnose(replace(MISSED, accounts=(), included=False)) == Diagnosis(Cause.NOT_INCLUDED)


@pytest.mark.parametrize("accounts", [(), (replace(ACCOUNT, state=AccountState.UNLINKED),)])
def test_whoever_has_no_account_there_links_one(accounts: tuple[AccountSight, ...]) -> None:
    found = diagnose(replace(MISSED, accounts=accounts))
    assert found == Diagnosis(Cause.NOT_LINKED, Remedy.LINK)


@pytest.mark.parametrize(
    ("state", "cause", "remedy"),
    [
        (AccountState.NEEDS_REAUTH, Cause.NEEDS_REAUTH, Remedy.RECONNECT),
        (AccountState.NEEDS_SCOPE, Cause.NEEDS_SCOPE, Remedy.GRANT),
        (AccountState.DISABLED_AT_HOST, Cause.DISABLED_AT_HOST, Remedy.RECONNECT),
    ],
)
def test_an_account_that_needs_the_person_comes_first(
    state: AccountState, cause: Cause, remedy: Remedy
) -> None:
    second = replace(ACCOUNT, id=8, state=state, wanted=True)
    found = diagnose(replace(MISSED, accounts=(ACCOUNT, second)))
    assert found == Diagnosis(cause, remedy, 8)


def test_an_account_that_is_being_read_is_waited_for() -> None:
    found = diagnose(with_account(wanted=True, failure="unavailable", listed_at=EARLIER))
    assert found == Diagnosis(Cause.BEING_READ, None, 7, EARLIER)


@pytest.mark.parametrize("holds", [True, False])
def test_a_rule_is_told_to_whoever_was_shown_the_repository(holds: bool) -> None:
    found = diagnose(because(Reason.EXPLICIT_DENY, with_account(holds=holds)))
    assert found.cause is (Cause.BY_OPERATOR if holds else Cause.NOT_SHOWN)


@pytest.mark.parametrize(
    ("left_out", "is_behind"),
    [
        (LeftOut("1", "Acme", to_approve=True), True),
        (LeftOut("1", None, to_approve=True), True),
        (LeftOut("1", "labs", to_approve=True), False),
        (LeftOut("1", "acme", to_approve=False), False),
    ],
)
def test_single_sign_on_is_the_cause_where_it_may_hide_the_owner(
    left_out: LeftOut, is_behind: bool
) -> None:
    found = diagnose(with_account(left_out=(left_out,), failure="unavailable"))
    assert (found.cause is Cause.SINGLE_SIGN_ON) == is_behind
    assert (found.remedy is Remedy.APPROVE) == is_behind


def test_a_sync_that_failed_says_why_and_since_when() -> None:
    found = diagnose(with_account(failure="unavailable", listed_at=EARLIER, lost_at=NOW))
    expected = Diagnosis(Cause.NOT_READ_LATELY, Remedy.LOOK, 7, EARLIER, "unavailable")
    assert found == expected


def test_an_account_that_was_never_read_and_waits_for_nothing_is_read() -> None:
    found = diagnose(with_account(listed_at=None))
    assert found == Diagnosis(Cause.NOT_READ_LATELY, Remedy.LOOK, 7)


def test_a_row_that_is_too_old_is_no_loss() -> None:
    missed = because(Reason.EVIDENCE_TOO_OLD, with_account(lost_at=EARLIER, holds=True))
    assert diagnose(missed) == Diagnosis(Cause.NOT_READ_LATELY, Remedy.LOOK, 7, NOW)


@pytest.mark.parametrize("reason", [Reason.EVIDENCE_TOO_OLD, Reason.UNKNOWN_REPOSITORY])
def test_a_listing_that_is_too_old_says_nothing_of_what_it_does_not_show(reason: Reason) -> None:
    missed = because(reason, with_account(outlived=True))
    assert diagnose(missed) == Diagnosis(Cause.NOT_READ_LATELY, Remedy.LOOK, 7, NOW)


def test_what_an_account_saw_once_is_told_with_the_day_on_which_it_ended() -> None:
    other = replace(ACCOUNT, id=8, listed_at=NOW + timedelta(hours=1))
    lost = replace(ACCOUNT, lost_at=EARLIER)
    found = diagnose(because(Reason.NO_ACCESS, replace(MISSED, accounts=(other, lost))))
    assert found == Diagnosis(Cause.LOST, Remedy.LOOK, 7, EARLIER)


@pytest.mark.parametrize("reason", [Reason.NO_ACCESS, Reason.EXPLICIT_DENY])
def test_what_is_unknown_and_what_is_forbidden_are_told_alike(reason: Reason) -> None:
    assert diagnose(because(reason)) == diagnose(MISSED)
    assert diagnose(MISSED) == Diagnosis(Cause.NOT_SHOWN, Remedy.LOOK, 7, NOW)
