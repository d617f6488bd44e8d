"""An account's past is told in codes, instants and sentences of ours."""

from dataclasses import replace
from datetime import UTC, datetime

from permsync.flows.list_accounts import Standing
from permsync.flows.show_history import History
from permsync.model import User
from permsync.rules.refresh import AttemptState, Outcome
from permsync.rules.revocation import Outcome as Revocation
from permsync.store.account_history import PastAttempt
from permsync.store.revocations import RevocationFacts
from permsync.web.history_facts import history_facts
from tests.web.test_account_facts import ACCOUNT, RUN

NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)
ATTEMPT = PastAttempt(
    id=3,
    link_id=ACCOUNT.link_id,
    version=2,
    state=AttemptState.CLOSED,
    outcome=Outcome.REJECTED,
    started_at=NOW,
    lease_until=NOW,
    closed_at=NOW,
)
REVOKED = RevocationFacts(
    id=9,
    host="github",
    tries=2,
    created_at=NOW,
    next_try_at=NOW,
    closed_at=None,
    outcome=None,
)
HISTORY = History(
    standing=Standing(ACCOUNT, RUN, frozenset()),
    user=User(17, "Ada"),
    next_try_at=NOW,
    attempts=[ATTEMPT, replace(ATTEMPT, link_id="an earlier one", outcome=Outcome.ADOPTED)],
    runs=[RUN],
    revocations=[REVOKED, replace(REVOKED, outcome=Revocation.GIVEN_UP, closed_at=NOW)],
)


def test_attempts_are_told_in_our_words_and_those_of_an_earlier_link_apart() -> None:
    first, second = history_facts(HISTORY).attempts
    assert (first.id, first.outcome, first.is_current) == ("3", "rejected", True)
    assert first.text == "The code host refused the token."
    assert (second.text, second.is_current) == ("The token was refreshed.", False)


def test_revocations_say_what_is_still_to_come() -> None:
    first, second = history_facts(HISTORY).revocations
    assert (first.outcome, first.tries, first.next_try_at) == (None, 2, NOW)
    assert first.text == "The code host is still to be told."
    assert second.text.endswith("given up.")


def test_a_disabled_person_is_told_with_the_account() -> None:
    disabled = replace(HISTORY, user=User(17, "Ada", disabled_at=NOW))
    assert not history_facts(HISTORY).user_disabled
    assert history_facts(disabled).user_disabled


def test_a_failed_run_has_its_sentence() -> None:
    (run,) = history_facts(HISTORY).runs
    assert (run.failure, run.failure_text is not None) == ("rate_limited", True)
