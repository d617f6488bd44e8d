"""
What became of an account, as a person reads it: an instant, a tone and a sentence.

What is decided here: how good or bad each kind of news is, and in which words a sync is
told. All words are ours. This module must not know HTML.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from permsync.model import Run, RunState, Trigger
from permsync.rules.refresh import Outcome
from permsync.rules.revocation import CONFIRMED
from permsync.store.account_history import PastAttempt
from permsync.store.revocations import RevocationFacts
from permsync.web import sentences

TRIGGERS: Mapping[Trigger, str] = {
    Trigger.PERSON: "asked for",
    Trigger.LINKED: "after linking",
    Trigger.CONFIRM: "to make sure",
    Trigger.SCHEDULE: "on schedule",
}

_ATTEMPT_TONES = {
    Outcome.ADOPTED: "good",
    Outcome.KEPT: "off",
    Outcome.SUPERSEDED: "off",
    Outcome.FENCED: "off",
    Outcome.REJECTED: "bad",
    Outcome.DISABLED: "bad",
    Outcome.CLIENT_ERROR: "bad",
}
_RUN_TONES = {
    RunState.RUNNING: "busy",
    RunState.SUCCEEDED: "good",
    RunState.ABANDONED: "off",
    RunState.CANCELLED: "off",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. ``aside`` says a little more, or is empty."""

    at: datetime
    tone: str
    text: str
    aside: str = ""


def attempt_event(attempt: PastAttempt, *, link_id: str) -> Event:
    """A refresh of the token; of an earlier link it says so."""
    tone = "busy" if attempt.outcome is None else _ATTEMPT_TONES.get(attempt.outcome, "warn")
    return Event(
        at=attempt.started_at,
        tone=tone,
        text=sentences.attempt_text(attempt.state, attempt.outcome),
        aside="" if attempt.link_id == link_id else "before it was linked again",
    )


def run_event(run: Run) -> Event:
    """A sync: what it changed, or why it did not."""
    return Event(
        at=run.started_at,
        tone=_RUN_TONES.get(run.state, "warn"),
        text=_run_text(run),
        aside=TRIGGERS[run.trigger],
    )


def _run_text(run: Run) -> str:
    if run.state is RunState.RUNNING:
        return "A sync is running."
    if run.failure is not None:
        return sentences.failure_text(run.failure)
    if run.state is not RunState.SUCCEEDED:
        return sentences.failure_text(run.state.value)
    changed = f"{run.added:,} added, {run.removed:,} removed" if run.added or run.removed else ""
    return f"{changed or 'No change'}, {run.total:,} in all."


def revocation_event(revocation: RevocationFacts) -> Event:
    """Old tokens, and whether their host knows."""
    waits = revocation.outcome is None
    confirmed = revocation.outcome in CONFIRMED
    return Event(
        at=revocation.created_at if revocation.closed_at is None else revocation.closed_at,
        tone="warn" if waits else "good" if confirmed else "off",
        text=sentences.revocation_text(revocation.outcome),
        aside=f"tried {revocation.tries} times" if waits and revocation.tries > 1 else "",
    )
