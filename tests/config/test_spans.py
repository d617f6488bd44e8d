"""The readable forms of a duration, and the relations that durations must keep."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from permsync.config.spans import MEANINGS, conflicts, field_names, parse_duration, readable
from permsync.model import Durations

FORMS: dict[object, timedelta] = {
    "90s": timedelta(seconds=90),
    "5m": timedelta(minutes=5),
    "26h": timedelta(hours=26),
    "14d": timedelta(days=14),
    "2w": timedelta(weeks=2),
    "250ms": timedelta(milliseconds=250),
    "1.5h": timedelta(minutes=90),
    "1h30m": timedelta(minutes=90),
    " 1h 30m ": timedelta(minutes=90),
    "PT5M": timedelta(minutes=5),
    "P14D": timedelta(days=14),
    "P2W": timedelta(weeks=2),
    "P1DT2H3M4.5S": timedelta(days=1, hours=2, minutes=3, seconds=4.5),
    30: timedelta(seconds=30),
    0.25: timedelta(milliseconds=250),
    "30": timedelta(seconds=30),
}

NO_DURATIONS: list[object] = [
    *("", "s", "5", "-5s", "5 minutes", "5S", "m5", "P", "PT", "P1Y", "P1M", "1h-30m", "٣s"),
    *(0, -1, True, None, [], float("nan"), float("inf"), "0s", "11y", "4000d", 1e300),
]
NO_DURATIONS.remove("5")  # a number of seconds


@pytest.mark.parametrize("written", FORMS)
def test_a_duration_may_be_written(written: object) -> None:
    assert parse_duration(written) == FORMS[written]


@pytest.mark.parametrize("written", NO_DURATIONS)
def test_a_duration_may_not_be_written(written: object) -> None:
    with pytest.raises(ValueError, match=r"write|use"):
        parse_duration(written)


@given(some.integers(min_value=1, max_value=300 * 86_400_000))
def test_what_is_shown_reads_back(milliseconds: int) -> None:
    span = timedelta(milliseconds=milliseconds)
    assert parse_duration(readable(span)) == span


def test_every_duration_has_a_meaning_and_nothing_else_has() -> None:
    assert set(MEANINGS) == set(field_names())


def test_the_durations_of_the_product_agree() -> None:
    assert not list(conflicts(Durations()))


@pytest.mark.parametrize("factor", [0.001, 0.02, 1.0])
def test_a_smaller_world_keeps_them_in_agreement(factor: float) -> None:
    assert not list(conflicts(Durations().scaled(factor)))


# The relations: what is set, and which field is blamed.
BROKEN = {
    "a lease that ends before the settle time": ({"refresh_lease": "54s"}, "refresh_lease"),
    "a back-off that starts above its end": ({"refresh_backoff": "16m"}, "refresh_backoff"),
    "a circuit that is tried ever sooner": ({"circuit_retry": "16m"}, "circuit_retry"),
    "a connection longer than its refresh": ({"refresh_connect": "25s"}, "refresh_connect"),
    "a connection longer than its request": ({"api_connect": "31s"}, "api_connect"),
    "a heartbeat slower than death": ({"job_heartbeat": "30s"}, "job_heartbeat"),
    "evidence that is never stale": ({"evidence_soft": "72h"}, "evidence_soft"),
    "syncs rarer than evidence lasts": ({"sync_every": "73h"}, "sync_every"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_the_durations_must_not_have(case: str) -> None:
    written, blamed = BROKEN[case]
    spans = {name: parse_duration(text) for name, text in written.items()}
    found = list(conflicts(Durations(**spans)))
    assert [names[0] for names, _ in found] == [blamed]


def test_a_lease_may_be_exactly_deadline_settle_and_skew() -> None:
    assert not list(conflicts(Durations(refresh_lease=timedelta(seconds=55))))
