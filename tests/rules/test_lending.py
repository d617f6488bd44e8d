"""
Lending: who may borrow, in which order it is refused, and how long a token should live on.

This module must not know a host or a key.
"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from permsync.codehost import Rotation
from permsync.errors import LendingRefusal
from permsync.model import LIVING, Account, AccountState, User
from permsync.rules.freshness import margin_of
from permsync.rules.lending import (
    EVERY,
    EVERYTHING,
    Borrowed,
    LendingRight,
    refusal_of,
    remaining_wanted,
)

NOW = datetime(2026, 5, 1, tzinfo=UTC)
MARGIN = timedelta(minutes=5)
MOST = timedelta(minutes=30)
ADA = User(17, "Ada")
GONE = User(17, "Ada", disabled_at=NOW)


def account(state: AccountState = AccountState.ACTIVE, host: str = "gitlab") -> Account:
    return Account(
        id=1,
        user_id=ADA.id,
        host=host,
        external_id="1001",
        login="ada",
        state=state,
        reason=None,
        state_since=NOW,
        link_id="one",
        token_version=1,
        issued_at=NOW,
        access_expires_at=None,
        refresh_expires_at=None,
        scopes=None,
    )


def right(hosts: set[str], users: set[str]) -> LendingRight:
    return LendingRight(frozenset(hosts), frozenset(users))


@pytest.mark.parametrize(
    ("held", "covered"),
    [
        (right({"gitlab"}, {"17"}), True),
        (right({EVERY}, {"17"}), True),
        (right({"gitlab"}, {EVERY}), True),
        (EVERYTHING, True),
        (right({"github"}, {EVERY}), False),
        (right({EVERY}, {"18", "1", "7"}), False),
        (right(set(), {EVERY}), False),
        (right({EVERY}, set()), False),
        (LendingRight(), False),
    ],
)
def test_a_right_names_hosts_and_people_and_nothing_named_is_nothing_allowed(
    held: LendingRight, covered: bool
) -> None:
    refusal = refusal_of(Borrowed(account(), ADA, host_lends=True), held)
    assert (refusal is None) == covered


@pytest.mark.parametrize("state", AccountState)
@pytest.mark.parametrize("user", [ADA, GONE])
@pytest.mark.parametrize("host_lends", [True, False])
def test_who_has_no_right_learns_nothing(state: AccountState, user: User, host_lends: bool) -> None:
    wanted = Borrowed(account(state), user, host_lends=host_lends)
    other = right({"github"}, {"17"})
    assert refusal_of(wanted, other) is refusal_of(None, other) is LendingRefusal.NOT_ALLOWED


@pytest.mark.parametrize("state", AccountState)
def test_a_host_that_was_not_opened_lends_nothing(state: AccountState) -> None:
    wanted = Borrowed(account(state), ADA, host_lends=False)
    assert refusal_of(wanted, EVERYTHING) is LendingRefusal.LENDING_OFF


@pytest.mark.parametrize("state", AccountState)
def test_of_a_disabled_person_nothing_is_lent(state: AccountState) -> None:
    wanted = Borrowed(account(state), GONE, host_lends=True)
    assert refusal_of(wanted, EVERYTHING) is LendingRefusal.USER_DISABLED


@pytest.mark.parametrize("state", AccountState)
def test_only_a_living_account_lends_and_the_others_say_what_they_need(
    state: AccountState,
) -> None:
    refusal = refusal_of(Borrowed(account(state), ADA, host_lends=True), EVERYTHING)
    assert (refusal is None) == (state in LIVING)
    assert refusal is None or refusal.value in {state.value, "not_linked"}


seconds = some.integers(1, 90_000).map(lambda count: timedelta(seconds=count))


@given(asked=seconds, lifetime=seconds, rotation=some.sampled_from(Rotation))
def test_nobody_can_have_more_refreshed_than_what_is_due(
    asked: timedelta, lifetime: timedelta, rotation: Rotation
) -> None:
    wanted = remaining_wanted(asked, most=MOST, lifetime=lifetime, margin=MARGIN, rotation=rotation)
    if rotation in {Rotation.STRICT, Rotation.FAMILY}:
        assert wanted == margin_of(lifetime=lifetime, margin=MARGIN)
    else:
        assert wanted <= min(asked, MOST, lifetime / 2)
