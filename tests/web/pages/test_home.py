"""
The pages as a browser without scripts gets them: what they show, and what they never do.

This module must not know how a template is written.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from permsync.flows.list_accounts import Standing
from permsync.model import AccountReason, AccountState, Run, RunState, Trigger
from permsync.web.pages.cards import Action, Health, card_of
from permsync.web.pages.instants import exact, relative
from permsync.web.static import address_of, assets
from tests.flows.scenes import read
from tests.world import World

NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(0), "now"),
        (timedelta(seconds=1), "1 second ago"),
        (timedelta(minutes=5, seconds=9), "5 minutes ago"),
        (timedelta(hours=-2), "in 2 hours"),
        (timedelta(days=3), "3 days ago"),
    ],
)
def test_an_instant_is_told_in_its_largest_whole_unit(distance: timedelta, words: str) -> None:
    assert relative(NOW - distance, now=NOW) == words


def test_the_exact_instant_is_utc() -> None:
    assert exact(NOW) == "2026-05-17 12:00:00 UTC"


def a_run(state: RunState) -> Run:
    """A run that ended, or did not."""
    return Run(1, 1, Trigger.SCHEDULE, state, NOW)


@pytest.mark.parametrize(
    ("state", "run", "health", "action"),
    [
        (AccountState.ACTIVE, RunState.SUCCEEDED, Health.WORKING, Action.REFRESH),
        (AccountState.ACTIVE, RunState.RUNNING, Health.SYNCING, Action.REFRESH),
        (AccountState.ACTIVE, RunState.FAILED, Health.RETRYING, Action.RETRY),
        (AccountState.ACTIVE, RunState.PARTIAL, Health.RETRYING, Action.RETRY),
        (AccountState.SUSPECT, RunState.SUCCEEDED, Health.RETRYING, Action.RETRY),
        (AccountState.NEEDS_REAUTH, RunState.SUCCEEDED, Health.NEEDS_YOU, Action.RECONNECT),
        (AccountState.NEEDS_SCOPE, RunState.SUCCEEDED, Health.NEEDS_YOU, Action.GRANT),
        (AccountState.DISABLED_AT_HOST, RunState.SUCCEEDED, Health.DISABLED, Action.RECONNECT),
    ],
)
async def test_an_account_is_in_one_of_five_states_with_one_action(
    world: World, state: AccountState, run: RunState, health: Health, action: Action
) -> None:
    account = replace(await read(world, await world.link("ada", "gitlab")), state=state)
    standing = Standing(account, a_run(run), frozenset())
    card = card_of(standing, title="GitLab", visible=3, wanted=False)
    assert (card.health, card.action) == (health, action)
    assert card.text.endswith((".", "reconnect."))


async def test_a_refused_refresh_is_told_in_our_sentence(world: World) -> None:
    account = replace(
        await read(world, await world.link("ada", "gitlab")),
        state=AccountState.NEEDS_REAUTH,
        reason=AccountReason.REVOKED_OR_EXPIRED,
    )
    standing = Standing(account, None, frozenset())
    card = card_of(standing, title="GitLab", visible=0, wanted=False)
    assert card.text == "Token refresh failed, please reconnect."
    assert card.links


def test_a_file_has_another_address_when_its_content_changes() -> None:
    for name, asset in assets().items():
        assert address_of(name) == f"/static/{asset.digest}/{name}"
    assert b"http" not in assets()["permsync.css"].content
