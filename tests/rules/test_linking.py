"""
Linking: what less access means for a link, and what a sign-in must bring to heal.

This module must not know a host.
"""

import pytest

from permsync.errors import LinkRefusal
from permsync.model import LIVING, AccountState
from permsync.rules.linking import (
    Brought,
    Held,
    Unfit,
    refusal_of_link,
    unfitness_of_account,
    unfitness_of_sign_in,
)

NOTHING: frozenset[str] = frozenset()
READ = frozenset({"read_api"})
BOTH = READ | {"read_user"}
BROKEN = Held(AccountState.NEEDS_REAUTH, READ, NOTHING)
GOOD = Brought(READ, NOTHING, lasts=True)


@pytest.mark.parametrize("state", AccountState)
def test_a_link_with_all_that_is_needed_is_made_whatever_was_there(state: AccountState) -> None:
    assert refusal_of_link(NOTHING, Held(state, BOTH, NOTHING)) is None
    assert refusal_of_link(NOTHING, None) is None


@pytest.mark.parametrize("state", AccountState)
def test_a_link_that_lacks_something_is_refused_and_says_what_was_better(
    state: AccountState,
) -> None:
    narrower = refusal_of_link(READ, Held(state, BOTH, NOTHING))
    expected = LinkRefusal.SCOPE_NARROWER if state in LIVING else LinkRefusal.SCOPE_MISSING
    assert narrower is expected


def test_a_link_that_lacks_no_more_than_the_account_is_plainly_missing_something() -> None:
    held = Held(AccountState.ACTIVE, NOTHING, READ)
    assert refusal_of_link(READ, held) is LinkRefusal.SCOPE_MISSING
    assert refusal_of_link(READ, None) is LinkRefusal.SCOPE_MISSING


@pytest.mark.parametrize("state", AccountState)
def test_a_sign_in_heals_what_is_linked_and_broken(state: AccountState) -> None:
    unfit = {AccountState.ACTIVE: Unfit.NOT_BROKEN, AccountState.UNLINKED: Unfit.NOT_LINKED}
    assert unfitness_of_account(state) is unfit.get(state)
    assert unfitness_of_sign_in(GOOD, Held(state, READ, NOTHING)) is unfit.get(state)


@pytest.mark.parametrize(
    ("brought", "unfit"),
    [
        (Brought(READ, NOTHING, lasts=False), Unfit.NOT_LASTING),
        (Brought(NOTHING, READ, lasts=True), Unfit.SCOPE_MISSING),
        (Brought(frozenset({"api"}), NOTHING, lasts=True), Unfit.SCOPE_NARROWER),
        (Brought(BOTH, NOTHING, lasts=True), None),
        (Brought(None, NOTHING, lasts=True), None),
    ],
)
def test_a_sign_in_must_bring_all_that_the_account_had(
    brought: Brought, unfit: Unfit | None
) -> None:
    assert unfitness_of_sign_in(brought, BROKEN) is unfit


def test_where_nobody_knows_what_the_account_had_nothing_is_narrower() -> None:
    assert unfitness_of_sign_in(GOOD, Held(AccountState.SUSPECT, None, NOTHING)) is None
