"""
The model check of the refresh (REFRESH 6.1): no order of events breaks a promise.

Two workers, one account, every interleaving of claim, send, the host's commit, kills, lost
answers, late delivery, workers that sleep over their leases, spurious refusals and a new
link. The transitions are the product's own rules, so the model and the product cannot drift
apart. Taken out, each invariant is missed.
"""

import pytest

from permsync.model import AccountState
from tests.modelcheck.host_side import UNFORGIVING, Policy
from tests.modelcheck.promises import broken_promise
from tests.modelcheck.table import MUTATED, SEARCHED, search
from tests.modelcheck.world import Rules, Stored, begin


def _name(rules: Rules) -> str:
    return f"{rules.policy}-{rules.faults}-{rules.relinks}-{rules.mutation.name}"


@pytest.mark.parametrize("rules", SEARCHED, ids=_name)
def test_no_order_of_events_breaks_a_promise(rules: Rules) -> None:
    row = search(rules)
    assert row.fault is None, str(row.fault)
    assert row.states > 500


@pytest.mark.parametrize("rules", SEARCHED, ids=_name)
def test_losses_are_reached_where_they_cannot_be_avoided_and_nowhere_else(rules: Rules) -> None:
    assert (search(rules).excused > 0) is (rules.policy in UNFORGIVING)


@pytest.mark.parametrize("rules", MUTATED, ids=_name)
def test_an_invariant_that_is_taken_out_is_missed(rules: Rules) -> None:
    assert search(rules).fault is not None


def test_a_healthy_account_that_is_marked_dead_would_be_noticed() -> None:
    rules = Rules(Policy.STRICT)
    dead = begin(rules)._replace(stored=Stored(state=AccountState.NEEDS_REAUTH))
    assert broken_promise(dead, rules) == "falsely dead: a stored token works"
