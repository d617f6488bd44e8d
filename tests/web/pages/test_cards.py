"""
What a card shows of an account: one of five states, one sentence, one action.

This module must not know how a template is written.
"""

from dataclasses import replace

import pytest

from permsync.flows.list_accounts import Standing
from permsync.flows.show_accounts import ShownAccount
from permsync.model import Account, AccountReason, AccountState, LeftOut, Run, RunState, Trigger
from permsync.web import sentences
from permsync.web.pages.cards import (
    NOT_CONFIGURED,
    READING,
    SCOPE_LACKING,
    TO_APPROVE,
    WAITING,
    Action,
    Card,
    Consent,
    Health,
    card_of,
)
from tests.flows.scenes import read
from tests.web.pages.instant import NOW
from tests.world import World


def a_run(state: RunState, *, failure: str | None = None) -> Run:
    """A run that ended, or did not."""
    return Run(1, 1, Trigger.SCHEDULE, state, NOW, failure=failure)


def shown(
    account: Account,
    run: Run | None = None,
    *,
    lacks: frozenset[str] = frozenset(),
    left_out: tuple[LeftOut, ...] = (),
    wanted: bool = False,
) -> ShownAccount:
    """The account with three visible repositories."""
    return ShownAccount(Standing(account, run, lacks, left_out), visible=3, wanted=wanted)


@pytest.fixture
async def account(world: World) -> Account:
    return await read(world, await world.link("ada", "gitlab"))


def card(world: World, one: ShownAccount) -> Card:
    """The card of an account at GitLab."""
    return card_of(one, host=world.services.hosts["gitlab"], title="GitLab")


@pytest.mark.parametrize(
    ("state", "run", "told"),
    [
        (AccountState.ACTIVE, RunState.SUCCEEDED, (Health.WORKING, Action.REFRESH)),
        (AccountState.ACTIVE, RunState.RUNNING, (Health.SYNCING, Action.REFRESH)),
        (AccountState.ACTIVE, RunState.FAILED, (Health.RETRYING, Action.RETRY)),
        (AccountState.ACTIVE, RunState.PARTIAL, (Health.RETRYING, Action.RETRY)),
        (AccountState.SUSPECT, RunState.SUCCEEDED, (Health.RETRYING, Action.RETRY)),
        (AccountState.NEEDS_REAUTH, RunState.SUCCEEDED, (Health.NEEDS_YOU, Action.RECONNECT)),
        (AccountState.NEEDS_SCOPE, RunState.SUCCEEDED, (Health.NEEDS_YOU, Action.GRANT)),
        (AccountState.DISABLED_AT_HOST, RunState.SUCCEEDED, (Health.DISABLED, Action.RECONNECT)),
    ],
)
async def test_an_account_is_in_one_of_five_states_with_one_action(
    world: World, account: Account, state: AccountState, run: RunState, told: tuple[Health, Action]
) -> None:
    made = card(world, shown(replace(account, state=state), a_run(run)))
    assert (made.health, made.action) == told
    assert made.text.endswith(".")


async def test_only_what_the_person_can_end_leads_to_the_host(
    world: World, account: Account
) -> None:
    leading = {
        state
        for state in AccountState
        if card(world, shown(replace(account, state=state), a_run(RunState.SUCCEEDED))).links
    }
    ended = {AccountState.NEEDS_REAUTH, AccountState.NEEDS_SCOPE, AccountState.DISABLED_AT_HOST}
    assert leading == ended


async def test_a_refused_refresh_is_told_in_our_sentence(world: World, account: Account) -> None:
    refused = replace(
        account, state=AccountState.NEEDS_REAUTH, reason=AccountReason.REVOKED_OR_EXPIRED
    )
    assert card(world, shown(refused)).text == "Token refresh failed, please reconnect."


BEHIND = (LeftOut("7", "acme", to_approve=True), LeftOut("9", "labs", to_approve=True))
REFUSED = (LeftOut("8", None, to_approve=False),)


async def test_single_sign_on_that_hides_an_owner_needs_the_person_and_ends_nothing(
    world: World, account: Account
) -> None:
    made = card(world, shown(account, a_run(RunState.SUCCEEDED), left_out=REFUSED + BEHIND))
    assert (made.health, made.action) == (Health.NEEDS_YOU, Action.APPROVE)
    said = "Left out until their single sign-on is approved for this account: acme, labs."
    assert (made.text, made.left_out) == (TO_APPROVE, said)
    assert made.links
    assert not made.has_ended


async def test_an_owner_that_the_host_refuses_is_named_and_nothing_is_asked_of_the_person(
    world: World, account: Account
) -> None:
    made = card(world, shown(account, a_run(RunState.SUCCEEDED), left_out=REFUSED))
    assert (made.health, made.action) == (Health.WORKING, Action.REFRESH)
    assert made.left_out == "Not shown by the code host at the last sync: id 8."


async def test_what_ends_everything_is_mended_before_single_sign_on(
    world: World, account: Account
) -> None:
    run = a_run(RunState.SUCCEEDED)
    lacking = card(world, shown(account, run, lacks=frozenset({"api"}), left_out=BEHIND))
    assert (lacking.action, lacking.text, lacking.has_ended) == (Action.GRANT, SCOPE_LACKING, True)
    reading = card(world, shown(account, a_run(RunState.RUNNING), left_out=BEHIND))
    assert reading.health is Health.SYNCING


async def test_a_sync_first_waits_and_then_reads(world: World, account: Account) -> None:
    waits = card(world, shown(account, a_run(RunState.SUCCEEDED), wanted=True))
    reads = card(world, shown(account, a_run(RunState.RUNNING), wanted=True))
    assert [waits.text, reads.text] == [WAITING, READING]
    assert waits.is_running
    assert reads.is_first


async def test_a_failed_sync_is_told_by_its_code_in_our_sentence(
    world: World, account: Account
) -> None:
    failed = card(world, shown(account, a_run(RunState.FAILED, failure="unavailable")))
    assert failed.text == sentences.failure_text("unavailable")
    assert failed.result is None


async def test_the_result_is_that_of_a_run_that_read_something(
    world: World, account: Account
) -> None:
    run = replace(a_run(RunState.SUCCEEDED), added=2, removed=1, total=9)
    assert card(world, shown(account, run)).result == run
    assert card(world, shown(account, a_run(RunState.RUNNING))).result is None


async def test_a_lacking_scope_asks_for_it_before_any_sync_fails(
    world: World, account: Account
) -> None:
    made = card(world, shown(account, a_run(RunState.SUCCEEDED), lacks=frozenset({"read_api"})))
    assert (made.health, made.action) == (Health.NEEDS_YOU, Action.GRANT)
    assert [(one.name, one.consent) for one in made.scopes] == [("read_api", Consent.MISSING)]
    assert made.text == sentences.STATES[AccountState.NEEDS_SCOPE]


async def test_a_lacking_scope_is_called_by_what_people_read(
    world: World, account: Account
) -> None:
    azure = world.services.hosts["azure"]
    lacks = frozenset(azure.host.scopes[:1])
    made = card_of(shown(account, lacks=lacks), host=azure, title="Azure DevOps")
    assert [(one.name, one.consent) for one in made.scopes] == [
        ("access to Azure DevOps", Consent.MISSING),
        ("offline_access", Consent.GRANTED),
    ]


async def test_a_host_that_refuses_for_a_scope_and_names_none_leaves_all_in_doubt(
    world: World, account: Account
) -> None:
    made = card(world, shown(replace(account, state=AccountState.NEEDS_SCOPE)))
    assert [one.consent for one in made.scopes] == [Consent.UNSURE]
    granted = card(world, shown(account))
    assert [one.consent for one in granted.scopes] == [Consent.GRANTED]


async def test_an_account_at_a_host_that_is_gone_from_the_settings_offers_nothing(
    account: Account,
) -> None:
    made = card_of(shown(account), host=None, title="gitlab")
    assert (made.action, made.text, made.scopes) == (None, NOT_CONFIGURED, ())
