"""
When an OAuth client may present tokens at all, after its host refused the client itself.

A wrong client secret looks like the death of every account at once. So one refusal of the
client opens its circuit: no account is blamed and nobody presents a token, until one probe
at a time finds the client accepted again. A circuit belongs to one client with one secret,
so corrected credentials start with a closed one. This module must not know what a refresh
does to an account. Time and chance are arguments.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from permsync.model import Durations
from permsync.rules.refresh import Outcome, doubled

# The host looked at the token, so it had accepted the client.
ACCEPTING = frozenset({Outcome.ADOPTED, Outcome.KEPT, Outcome.REJECTED, Outcome.DISABLED})


@dataclass(frozen=True, slots=True)
class CircuitFacts:
    """
    A circuit as stored.

    ``retry_at`` is when a probe may go; ``None`` where the circuit is closed. ``probe_until``
    is the lease of the probe that is under way. ``opened_by`` is the account that met the
    last refusal, kept after the circuit closed.
    """

    failures: int
    retry_at: datetime | None
    probe_until: datetime | None = None
    opened_by: int | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A token may be presented; ``probes`` means that it is the one try of a half-open circuit."""

    probes: bool = False


@dataclass(frozen=True, slots=True)
class Blocked:
    """Nobody may present a token before ``until``."""

    until: datetime


def plan_pass(circuit: CircuitFacts | None, *, now: datetime) -> Passage | Blocked:
    """Decide whether a token may be presented now."""
    if circuit is None or circuit.retry_at is None:
        return Passage()
    until = max(circuit.retry_at, circuit.probe_until or circuit.retry_at)
    return Blocked(until) if now < until else Passage(probes=True)


@dataclass(frozen=True, slots=True)
class Open:
    """Open the circuit, or leave it open: the next probe may go after ``retry_in``."""

    failures: int
    retry_in: timedelta


@dataclass(frozen=True, slots=True)
class Shut:
    """Close the circuit: the host accepts the client."""


def plan_circuit(
    outcome: Outcome,
    circuit: CircuitFacts | None,
    durations: Durations,
    *,
    account_id: int,
    probed: bool,
    jitter: float,
) -> Open | Shut | None:
    """
    Decide what an outcome says about the client; ``None`` leaves its circuit as it is.

    ``probed`` means that the attempt was the one try of a half-open circuit; ``jitter`` is
    in [0, 1). Others that were under way when it opened are refused too and learn nothing
    new. An account that alone meets refusals, while others of the same client are accepted,
    says nothing about the client.
    """
    is_open = circuit is not None and circuit.retry_at is not None
    failures = circuit.failures if circuit is not None and is_open else 0
    if outcome in ACCEPTING:
        return Shut() if is_open else None
    if outcome is Outcome.CLIENT_ERROR:
        alone = circuit is not None and circuit.opened_by == account_id
        says_nothing = not probed if is_open else alone
        if says_nothing:
            return None
        failures += 1
    elif not (is_open and probed):
        return None
    # A probe that learned nothing is followed by another after the same wait.
    return Open(failures, _retry_in(failures, durations, jitter=jitter))


def _retry_in(failures: int, durations: Durations, *, jitter: float) -> timedelta:
    """Double with every refusal; half of it is jitter, so that it never comes at once."""
    first, most = durations.circuit_retry, durations.circuit_retry_most
    return doubled(first, times=failures - 1, most=most) * (0.5 + jitter / 2)
