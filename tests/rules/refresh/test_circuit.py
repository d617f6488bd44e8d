"""
A refused client stops everybody at once, and one probe at a time finds out when it is over.

No account is blamed for it; which accounts are blamed for what is ``test_outcome``.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.rules.refresh import Outcome
from permsync.rules.refresh.circuit import (
    ACCEPTING,
    Blocked,
    CircuitFacts,
    Open,
    Passage,
    Shut,
    plan_circuit,
    plan_pass,
)
from tests.rules.examples import INSTANT, NOW
from tests.rules.refresh.scenes import DURATIONS, SECOND

CLOSED = CircuitFacts(failures=0, retry_at=None, opened_by=1)
OPEN = CircuitFacts(failures=1, retry_at=NOW, opened_by=1)
PROBED = replace(OPEN, probe_until=NOW + SECOND)
SILENT = sorted(set(Outcome) - ACCEPTING - {Outcome.CLIENT_ERROR})


def noted(
    outcome: Outcome,
    circuit: CircuitFacts | None,
    *,
    account_id: int = 2,
    probed: bool = False,
    jitter: float = 0.0,
) -> Open | Shut | None:
    """What an outcome of one account says about the client."""
    return plan_circuit(
        outcome, circuit, DURATIONS, account_id=account_id, probed=probed, jitter=jitter
    )


@pytest.mark.parametrize("circuit", [None, CLOSED])
def test_a_closed_circuit_lets_everybody_through(circuit: CircuitFacts | None) -> None:
    assert plan_pass(circuit, now=NOW) == Passage()


def test_an_open_circuit_lets_nobody_through_until_it_is_half_open() -> None:
    assert plan_pass(OPEN, now=NOW - INSTANT) == Blocked(NOW)
    assert plan_pass(OPEN, now=NOW) == Passage(probes=True)


def test_one_probe_at_a_time_goes_through() -> None:
    assert plan_pass(PROBED, now=NOW) == Blocked(NOW + SECOND)


def test_a_probe_that_never_came_back_makes_room_for_another() -> None:
    assert plan_pass(PROBED, now=NOW + SECOND) == Passage(probes=True)


@pytest.mark.parametrize("circuit", [None, CLOSED])
def test_a_refused_client_opens_the_circuit(circuit: CircuitFacts | None) -> None:
    opened = noted(Outcome.CLIENT_ERROR, circuit)
    assert opened == Open(1, DURATIONS.circuit_retry / 2)


def test_every_further_refusal_doubles_the_wait_up_to_its_ceiling() -> None:
    waits = []
    circuit = OPEN
    for _ in range(8):
        opened = noted(Outcome.CLIENT_ERROR, circuit, probed=True, jitter=1.0)
        assert isinstance(opened, Open)
        circuit = replace(circuit, failures=opened.failures)
        waits.append(opened.retry_in)
    assert waits[:3] == [DURATIONS.circuit_retry * factor for factor in (2, 4, 8)]
    assert waits[-1] == DURATIONS.circuit_retry_most


@pytest.mark.parametrize("outcome", sorted(ACCEPTING))
def test_whoever_is_told_about_a_token_was_accepted_as_a_client(outcome: Outcome) -> None:
    assert noted(outcome, PROBED) == Shut()
    assert noted(outcome, CLOSED) is None
    assert noted(outcome, None) is None


@pytest.mark.parametrize("outcome", SILENT)
def test_a_probe_that_learned_nothing_is_followed_by_another(outcome: Outcome) -> None:
    assert noted(outcome, PROBED, probed=True) == Open(1, DURATIONS.circuit_retry / 2)


@pytest.mark.parametrize("outcome", SILENT)
@pytest.mark.parametrize("circuit", [None, CLOSED, OPEN, PROBED])
def test_who_is_no_probe_and_learns_nothing_changes_nothing(
    outcome: Outcome, circuit: CircuitFacts | None
) -> None:
    assert noted(outcome, circuit) is None


def test_an_account_that_is_refused_while_others_are_accepted_stops_nobody() -> None:
    """It opened the circuit, somebody else closed it, and it is refused again."""
    assert noted(Outcome.CLIENT_ERROR, CLOSED, account_id=1) is None
    assert noted(Outcome.CLIENT_ERROR, PROBED, account_id=1, probed=True) is not None


def test_many_refusals_at_once_open_it_once() -> None:
    """They were under way when it opened."""
    assert noted(Outcome.CLIENT_ERROR, OPEN) is None
    assert noted(Outcome.CLIENT_ERROR, PROBED) is None


def test_the_jitter_never_makes_a_probe_immediate() -> None:
    opened = noted(Outcome.CLIENT_ERROR, None)
    assert isinstance(opened, Open)
    assert opened.retry_in > timedelta(0)
