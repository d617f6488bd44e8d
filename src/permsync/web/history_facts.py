"""
What became of an account, as programs read it: codes, sentences of ours, and instants.

What is decided here: what of an attempt leaves the service; never a token, a digest or a
host's text. This module must not know which answer it stands in.
"""

from datetime import datetime

from pydantic import BaseModel

from permsync.flows.show_history import History
from permsync.rules.refresh import AttemptState, Outcome
from permsync.rules.revocation import Outcome as Revocation
from permsync.store.account_history import PastAttempt
from permsync.store.revocations import RevocationFacts
from permsync.web import sentences
from permsync.web.account_facts import AccountFacts, RunFacts, account_facts, run_facts


class AttemptFacts(BaseModel):
    """
    One attempt to refresh. ``outcome`` is null while it runs or is in doubt.

    ``is_current`` is false for attempts of an earlier link.
    """

    id: str
    state: AttemptState
    outcome: Outcome | None
    text: str
    token_version: int
    is_current: bool
    started_at: datetime
    ended_at: datetime | None


class RevokedFacts(BaseModel):
    """Old tokens that the host was told, or is still to be told, to forget."""

    id: str
    outcome: Revocation | None
    text: str
    tries: int
    since: datetime
    next_try_at: datetime | None
    ended_at: datetime | None


class HistoryFacts(BaseModel):
    """An account and what happened to it lately, newest first."""

    account: AccountFacts
    user_disabled: bool
    token_version: int
    next_try_at: datetime | None
    attempts: list[AttemptFacts]
    runs: list[RunFacts]
    revocations: list[RevokedFacts]


def history_facts(history: History) -> HistoryFacts:
    """What is told of this history."""
    account = history.standing.account
    return HistoryFacts(
        account=account_facts(history.standing),
        user_disabled=history.user.disabled_at is not None,
        token_version=account.token_version,
        next_try_at=history.next_try_at,
        attempts=[_attempt(one, link_id=account.link_id) for one in history.attempts],
        runs=[run_facts(one) for one in history.runs],
        revocations=[_revoked(one) for one in history.revocations],
    )


def _attempt(attempt: PastAttempt, *, link_id: str) -> AttemptFacts:
    return AttemptFacts(
        id=str(attempt.id),
        state=attempt.state,
        outcome=attempt.outcome,
        text=sentences.attempt_text(attempt.state, attempt.outcome),
        token_version=attempt.version,
        is_current=attempt.link_id == link_id,
        started_at=attempt.started_at,
        ended_at=attempt.closed_at,
    )


def _revoked(revocation: RevocationFacts) -> RevokedFacts:
    return RevokedFacts(
        id=str(revocation.id),
        outcome=revocation.outcome,
        text=sentences.revocation_text(revocation.outcome),
        tries=revocation.tries,
        since=revocation.created_at,
        next_try_at=revocation.next_try_at,
        ended_at=revocation.closed_at,
    )
