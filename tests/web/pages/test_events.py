"""Every kind of news about an account has a tone and a sentence of ours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from permsync.model import Run, RunState, Trigger
from permsync.rules.refresh import AttemptState, Outcome
from permsync.rules.revocation import Outcome as Revocation
from permsync.store.account_history import PastAttempt
from permsync.store.revocations import RevocationFacts
from permsync.web.pages.events import attempt_event, revocation_event, run_event

NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)
LINK = "the-link"
ATTEMPT = PastAttempt(
    id=1,
    link_id=LINK,
    version=1,
    state=AttemptState.CLOSED,
    outcome=Outcome.ADOPTED,
    started_at=NOW,
    lease_until=NOW,
    closed_at=NOW,
)
RUN = Run(
    id=1,
    account_id=1,
    trigger=Trigger.SCHEDULE,
    state=RunState.SUCCEEDED,
    started_at=NOW,
    added=1_200,
    removed=3,
    total=4_500,
)
REVOCATION = RevocationFacts(
    id=1,
    host="gitlab",
    tries=3,
    created_at=NOW,
    next_try_at=NOW,
    closed_at=None,
    outcome=None,
)
TONES = {"good", "busy", "warn", "bad", "off"}


@pytest.mark.parametrize("outcome", [None, *Outcome])
def test_an_attempt_is_told_whatever_came_of_it(outcome: Outcome | None) -> None:
    state = AttemptState.CLOSED if outcome else AttemptState.ARMED
    event = attempt_event(replace(ATTEMPT, state=state, outcome=outcome), link_id=LINK)
    assert event.tone in TONES
    assert event.text.endswith(".")
    assert (event.tone == "good") == (outcome is Outcome.ADOPTED)
    assert event.aside == ""


def test_an_attempt_of_an_earlier_link_says_so() -> None:
    assert attempt_event(ATTEMPT, link_id="another").aside == "before it was linked again"


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("state", RunState)
def test_a_sync_is_told_whatever_came_of_it(state: RunState, trigger: Trigger) -> None:
    event = run_event(replace(RUN, state=state, trigger=trigger))
    assert event.tone in TONES
    assert event.text.endswith(".")
    assert event.aside


def test_a_sync_says_what_it_changed_or_why_it_did_not() -> None:
    assert run_event(RUN).text == "1,200 added, 3 removed, 4,500 in all."
    unchanged = replace(RUN, added=0, removed=0)
    assert run_event(unchanged).text == "No change, 4,500 in all."
    failed = replace(RUN, state=RunState.FAILED, failure="rate_limited")
    assert run_event(failed).text.startswith("The code host asked us to wait")


@pytest.mark.parametrize("outcome", [None, *Revocation])
def test_old_tokens_are_told_of_until_their_host_knows(outcome: Revocation | None) -> None:
    closed_at = None if outcome is None else NOW + timedelta(hours=1)
    event = revocation_event(replace(REVOCATION, outcome=outcome, closed_at=closed_at))
    assert event.tone in TONES
    assert event.text.endswith(".")
    assert event.at == (closed_at or NOW)
    assert event.aside == ("tried 3 times" if outcome is None else "")
