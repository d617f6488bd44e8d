"""
The one table of failures: which end a person's access, and which keep it.

The expected sets are written out here as well, so that a changed row is two decisions.
"""

from permsync.codehost import FailureKind
from permsync.model import LIVING, AccountReason, AccountState
from permsync.rules.failures import CONSEQUENCES, Retry, consequence_of

ENDING = {
    FailureKind.CREDENTIAL_REJECTED: AccountState.NEEDS_REAUTH,
    FailureKind.ACCOUNT_DISABLED: AccountState.DISABLED_AT_HOST,
    FailureKind.INSUFFICIENT_SCOPE: AccountState.NEEDS_SCOPE,
}


def test_every_kind_of_failure_has_a_row() -> None:
    assert CONSEQUENCES.keys() == set(FailureKind)


def test_a_hosts_word_about_the_person_ends_access() -> None:
    assert {kind: consequence_of(kind).state for kind in ENDING} == ENDING


def test_everything_else_keeps_the_account_and_its_access() -> None:
    kept = set(FailureKind) - ENDING.keys()
    assert {consequence_of(kind).state for kind in kept} == {None}
    assert {consequence_of(kind).reason for kind in kept} == {None}


def test_a_state_that_a_failure_leads_to_ends_access_and_has_a_reason() -> None:
    for kind in ENDING:
        consequence = consequence_of(kind)
        assert consequence.state not in LIVING
        assert isinstance(consequence.reason, AccountReason)


def test_an_endpoint_that_is_gone_blames_nobody() -> None:
    """HOSTS 1.2: it is our bug, so no account changes."""
    assert consequence_of(FailureKind.ENDPOINT_GONE).state is None


def test_what_ended_access_is_not_asked_again_before_the_person_acted() -> None:
    never = {kind for kind in FailureKind if consequence_of(kind).retry is Retry.NEVER}
    assert never == ENDING.keys()


def test_only_an_outage_is_asked_again_at_once_and_only_a_limit_names_a_wait() -> None:
    by_retry = {kind: consequence_of(kind).retry for kind in FailureKind}
    assert [kind for kind, retry in by_retry.items() if retry is Retry.AT_ONCE] == [
        FailureKind.UNAVAILABLE
    ]
    assert [kind for kind, retry in by_retry.items() if retry is Retry.WHEN_TOLD] == [
        FailureKind.RATE_LIMITED
    ]


def test_every_row_says_what_it_is() -> None:
    assert all(one.meaning.endswith(".") for one in CONSEQUENCES.values())
