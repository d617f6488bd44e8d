"""An account is told in codes, instants and sentences of ours."""

from dataclasses import replace
from datetime import UTC, datetime

from permsync.flows.list_accounts import Standing
from permsync.model import Account, AccountReason, AccountState, LeftOut, Run, RunState, Trigger
from permsync.web.account_facts import account_facts

NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)
ACCOUNT = Account(
    id=12,
    user_id=17,
    host="github",
    external_id="583231",
    login="ada",
    state=AccountState.ACTIVE,
    reason=None,
    state_since=NOW,
    link_id="the-link",
    token_version=3,
    issued_at=NOW,
    access_expires_at=NOW,
    refresh_expires_at=None,
    scopes=frozenset({"repo", "read:org"}),
    listed_at=NOW,
)
RUN = Run(
    id=5,
    account_id=12,
    trigger=Trigger.SCHEDULE,
    state=RunState.FAILED,
    started_at=NOW,
    finished_at=NOW,
    failure="rate_limited",
)


def test_ids_are_strings_and_sets_are_sorted() -> None:
    facts = account_facts(Standing(ACCOUNT, None, frozenset({"b", "a"})))
    assert (facts.id, facts.user) == ("12", "17")
    assert (facts.scopes, facts.missing_scopes) == (["read:org", "repo"], ["a", "b"])
    assert facts.last_run is None


def test_scopes_that_a_host_does_not_tell_are_not_the_same_as_none() -> None:
    silent = account_facts(Standing(replace(ACCOUNT, scopes=None), None, frozenset()))
    none = account_facts(Standing(replace(ACCOUNT, scopes=frozenset()), None, frozenset()))
    assert (silent.scopes, none.scopes) == (None, [])


def test_who_was_left_out_is_told_by_name_and_in_a_sentence() -> None:
    left_out = (LeftOut("7", "acme", to_approve=True), LeftOut("8", None, to_approve=False))
    facts = account_facts(Standing(ACCOUNT, None, frozenset(), left_out))
    assert [one.model_dump() for one in facts.left_out] == [
        {"owner_id": "7", "owner": "acme", "to_approve": True},
        {"owner_id": "8", "owner": None, "to_approve": False},
    ]
    said = "Left out until its single sign-on is approved for this account: acme."
    assert facts.left_out_text == said
    assert account_facts(Standing(ACCOUNT, None, frozenset())).left_out_text is None


def test_an_account_that_needs_the_person_says_what_to_do() -> None:
    broken = replace(
        ACCOUNT, state=AccountState.NEEDS_REAUTH, reason=AccountReason.REVOKED_OR_EXPIRED
    )
    facts = account_facts(Standing(broken, None, frozenset()))
    assert (facts.state, facts.reason) == ("needs_reauth", "revoked_or_expired")
    assert facts.text == "Token refresh failed, please reconnect."


def test_a_failed_run_is_told_by_its_code_and_our_sentence() -> None:
    run = account_facts(Standing(ACCOUNT, RUN, frozenset())).last_run
    assert run is not None
    assert (run.id, run.state, run.trigger) == ("5", "failed", "schedule")
    assert run.failure == "rate_limited"
    assert run.failure_text == "The code host asked us to wait; it is tried again later."


def test_a_run_that_did_not_fail_has_no_sentence() -> None:
    done = replace(RUN, state=RunState.SUCCEEDED, failure=None, added=3, total=7)
    run = account_facts(Standing(ACCOUNT, done, frozenset())).last_run
    assert run is not None
    assert (run.failure, run.failure_text, run.added, run.total) == (None, None, 3, 7)


def test_what_binds_tokens_does_not_leave_the_service() -> None:
    told = account_facts(Standing(ACCOUNT, RUN, frozenset())).model_dump_json()
    assert "the-link" not in told
    assert (
        not {"link_id", "token_version"}
        & account_facts(Standing(ACCOUNT, None, frozenset())).model_dump().keys()
    )
