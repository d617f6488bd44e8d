"""Every code that can reach people has one sentence of ours, and every sentence is one."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from permsync.codehost import FailureKind
from permsync.codehost.signatures import Refusal
from permsync.errors import LendingRefusal, LinkRefusal
from permsync.model import AccountReason, AccountState, Reason, RunState
from permsync.oauth2 import CallbackError
from permsync.oauth2.openid import SignInRefusal
from permsync.rules.diagnosis import Cause
from permsync.rules.refresh import AttemptState, Outcome
from permsync.rules.refresh.claim import Waiting
from permsync.rules.revocation import Outcome as Revocation
from permsync.web import sentences

TABLES: list[tuple[type[StrEnum], Mapping[Any, str]]] = [
    (Reason, sentences.REASONS),
    (AccountState, sentences.STATES),
    (AccountReason, sentences.ACCOUNT_REASONS),
    (LinkRefusal, sentences.LINK_REFUSALS),
    (LendingRefusal, sentences.LENDING_REFUSALS),
    (Outcome, sentences.ATTEMPTS),
    (Revocation, sentences.REVOCATIONS),
    (Refusal, sentences.WEBHOOK_REFUSALS),
    (Cause, sentences.CAUSES),
]
INCLUDED: list[tuple[type[StrEnum], Mapping[Any, str]]] = [
    (FailureKind, sentences.FAILURES),
    (AccountReason, sentences.FAILURES),
    (Waiting, sentences.FAILURES),
    (AccountState, sentences.FAILURES),
    (SignInRefusal, sentences.SIGN_IN_REFUSALS),
    (CallbackError, sentences.SIGN_IN_REFUSALS),
]
# Codes that the flows and the worker write on a run in their own words.
WRITTEN = (
    "linked_again",
    "superseded",
    "worker_lost",
)


@pytest.mark.parametrize(("codes", "table"), TABLES)
def test_a_closed_set_has_exactly_its_sentences(
    codes: type[StrEnum], table: Mapping[str, str]
) -> None:
    assert set(table) == set(codes)


@pytest.mark.parametrize(("codes", "table"), INCLUDED)
def test_every_code_of_a_set_has_a_sentence(codes: type[StrEnum], table: Mapping[str, str]) -> None:
    assert {code.value for code in codes} <= set(table)


@pytest.mark.parametrize("code", WRITTEN)
def test_what_is_written_on_a_run_has_a_sentence(code: str) -> None:
    assert code in sentences.FAILURES


@pytest.mark.parametrize(
    "text",
    sorted({text for _, table in TABLES + INCLUDED for text in table.values()}),
)
def test_a_sentence_begins_and_ends_as_one(text: str) -> None:
    assert text[0].isupper()
    assert text.endswith(".")
    assert len(text) < 100


@pytest.mark.parametrize("state", [RunState.PARTIAL, RunState.CANCELLED])
def test_a_run_that_did_not_fail_is_told_by_how_it_ended(state: RunState) -> None:
    """A host left something out, or so much is missing that it is looked at twice."""
    assert sentences.failure_text(state.value) != sentences.UNEXPLAINED


def test_a_failure_that_nobody_foresaw_is_not_told_in_its_own_words() -> None:
    assert sentences.failure_text("the host said boo") == sentences.UNEXPLAINED


def test_a_sign_in_that_failed_in_a_new_way_is_not_told_in_its_own_words() -> None:
    assert "boo" not in sentences.sign_in_text("boo")


def test_an_account_is_told_by_its_reason_where_it_has_one() -> None:
    state, reason = AccountState.NEEDS_REAUTH, AccountReason.REVOKED_OR_EXPIRED
    assert sentences.account_text(state, reason) == "Token refresh failed, please reconnect."
    assert sentences.account_text(state, None) == sentences.STATES[state]


def test_an_attempt_has_words_while_it_is_live_and_when_it_has_ended() -> None:
    for state in set(AttemptState) - {AttemptState.CLOSED}:
        assert sentences.attempt_text(state, None).endswith(".")
    closed = sentences.attempt_text(AttemptState.CLOSED, Outcome.ADOPTED)
    assert closed == "The token was refreshed."


def test_a_revocation_has_words_while_it_waits_and_when_it_has_ended() -> None:
    assert sentences.revocation_text(None) == "The code host is still to be told."
    assert sentences.revocation_text(Revocation.EXPIRED) == "The old tokens have expired."
