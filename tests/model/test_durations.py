"""
The durations of the product agree with each other, and one factor scales a world.

What a broken relation tells the operator is ``tests/config/test_spans.py``.
"""

from dataclasses import fields
from datetime import timedelta

import pytest

from permsync.model.durations import MACHINE_DURATIONS, Durations

DURATIONS = Durations()
NAMES = [one.name for one in fields(Durations)]


@pytest.mark.parametrize("name", NAMES)
def test_every_duration_takes_time(name: str) -> None:
    assert getattr(DURATIONS, name) > timedelta(0)


@pytest.mark.parametrize("name", NAMES)
def test_one_factor_scales_all_but_the_time_of_machines(name: str) -> None:
    factor = 1 if name in MACHINE_DURATIONS else 0.01
    assert getattr(DURATIONS.scaled(0.01), name) == getattr(DURATIONS, name) * factor


def test_the_lease_outlives_the_senders_deadline_and_the_hosts_settling() -> None:
    """REFRESH I6: whoever takes over has nobody beside them."""
    least = DURATIONS.refresh_deadline + DURATIONS.refresh_settle + DURATIONS.refresh_skew
    assert DURATIONS.refresh_lease > least


def test_an_unanswered_token_is_presented_again_within_every_grace_window() -> None:
    taken_over = DURATIONS.refresh_lease + DURATIONS.refresh_settle
    assert taken_over * 2 < DURATIONS.refresh_grace


def test_a_healthy_account_is_listed_before_its_evidence_is_stale() -> None:
    assert DURATIONS.sync_every < DURATIONS.evidence_soft < DURATIONS.evidence_hard


def test_a_slow_start_of_a_request_leaves_time_for_its_answer() -> None:
    assert DURATIONS.refresh_connect < DURATIONS.refresh_deadline
    assert DURATIONS.api_connect < DURATIONS.api_deadline


def test_a_working_job_is_not_taken_for_a_stalled_one() -> None:
    assert DURATIONS.job_heartbeat * 2 < DURATIONS.job_stalled
