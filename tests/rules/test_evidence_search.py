"""
One pair, every order of events: the promises hold, and each safeguard is needed for one.

The search is small enough for every run of the tests and large enough that the loss of any
safeguard is found by it.
"""

import pytest

from tests.rules.evidence_search import BrokenPromiseError, Search, Without
from tests.rules.pair_states import State

MOST = 5_000


def test_no_order_of_events_breaks_a_promise() -> None:
    assert Search().run(State(), most=MOST) == MOST


@pytest.mark.parametrize(
    ("without", "promise"),
    [
        (Without.FENCE, "I[12]"),
        (Without.SECOND_NO, "promise 3"),
        (Without.ASKING_AGAIN, "I3"),
        (Without.OWN_DECISION, "I4"),
    ],
)
def test_without_a_safeguard_some_order_of_events_breaks_its_promise(
    without: Without, promise: str
) -> None:
    with pytest.raises(BrokenPromiseError, match=promise):
        Search(without).run(State(), most=MOST)
