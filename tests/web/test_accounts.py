"""Everybody sees and changes only their own accounts; another person's are as good as absent."""

import pytest

from permsync.flows.sync_account import sync_account
from permsync.model import AccountState, Trigger
from permsync.simulator.samples import sample_hosts
from tests.flows.scenes import column, found_in, read
from tests.web.visitors import Browser
from tests.world import World


async def jobs(world: World) -> int:
    statement = "SELECT count(*) FROM pgqueuer WHERE entrypoint LIKE 'sync_account@%'"
    count: int = (await column(world.services.database, statement))[0]
    return count


async def linked_by_ada(browser: Browser) -> str:
    await browser.sign_in("ada")
    account: str = (await browser.link("ada", "github")).query["linked"]
    return account


async def test_without_a_session_nothing_is_told(browser: Browser) -> None:
    answer = await browser.get("/me")
    assert (answer.status, answer.json["code"]) == (401, "unauthenticated")


async def test_a_person_reads_what_they_linked_and_what_they_could_link(
    browser: Browser,
) -> None:
    account = await linked_by_ada(browser)
    me = (await browser.get("/me")).json
    assert [one["id"] for one in me["accounts"]] == [account]
    assert me["accounts"][0]["text"] == "Linked and working."
    assert [host["name"] for host in me["hosts"]] == list(sample_hosts())


async def test_no_secret_of_a_host_is_in_what_a_person_reads(
    world: World, browser: Browser
) -> None:
    await linked_by_ada(browser)
    secrets = world.simulator.world.secrets()
    assert secrets
    assert not found_in((await browser.get("/me")).body.decode(), secrets)


async def test_a_button_queues_a_sync_ahead_of_all_others(world: World, browser: Browser) -> None:
    account = await linked_by_ada(browser)
    answer = await browser.press(f"/accounts/{account}/sync", return_to="/accounts")
    assert (answer.status, answer.location) == (303, f"/accounts?account={account}&sync=queued")
    assert await jobs(world) == 1
    priorities = await column(world.services.database, "SELECT priority FROM pgqueuer")
    assert priorities == [40]


async def test_an_account_that_only_the_person_can_repair_is_not_synced(
    browser: Browser,
) -> None:
    account = await linked_by_ada(browser)
    await browser.press(f"/accounts/{account}/unlink")
    answer = await browser.press(f"/accounts/{account}/sync")
    assert answer.query == {"account": account, "sync_refused": "unlinked_by_person"}


async def test_a_person_unlinks_and_the_host_is_told(world: World, browser: Browser) -> None:
    account = await linked_by_ada(browser)
    answer = await browser.press(f"/accounts/{account}/unlink", return_to="/accounts")
    assert (answer.status, answer.query) == (303, {"unlinked": account, "revoked": "yes"})
    (shown,) = (await browser.get("/me")).json["accounts"]
    assert (shown["state"], shown["text"]) == ("unlinked", "The account was disconnected.")
    assert world.host("github").log.to_path("/applications/")


async def test_a_host_that_is_away_keeps_nobody_linked(world: World, browser: Browser) -> None:
    account = await linked_by_ada(browser)
    world.host("github").faults.outage = True
    answer = await browser.press(f"/accounts/{account}/unlink")
    assert answer.query == {"unlinked": account, "revoked": "no"}
    assert (await browser.get("/me")).json["accounts"][0]["state"] == "unlinked"


@pytest.mark.parametrize("verb", ["sync", "unlink"])
async def test_an_account_of_somebody_else_is_as_absent_as_one_that_never_was(
    world: World, browser: Browser, verb: str
) -> None:
    theirs = await world.link("grace", "github")
    queued = await jobs(world)
    await browser.sign_in("ada")
    answers = [
        await browser.press(f"/accounts/{account}/{verb}") for account in (theirs.id, 10**17)
    ]
    assert answers[0].body == answers[1].body
    assert (answers[0].status, answers[0].json["code"]) == (404, "unknown_account")
    assert (await read(world, theirs)).state is AccountState.ACTIVE
    assert await jobs(world) == queued


@pytest.mark.parametrize("verb", ["sync", "unlink"])
async def test_what_is_no_id_is_malformed(browser: Browser, verb: str) -> None:
    await browser.sign_in("ada")
    for account in ("0", "-1", "x", "1%00", "9" * 19):
        assert (await browser.press(f"/accounts/{account}/{verb}")).status == 400, account


async def test_a_sync_is_cancelled_by_whose_it_is_and_by_nobody_else(
    world: World, browser: Browser, other_browser: Browser
) -> None:
    account = await linked_by_ada(browser)
    await other_browser.sign_in("grace")
    foreign = await other_browser.press(f"/accounts/{account}/cancel", return_to="/")
    assert (foreign.status, await jobs(world)) == (404, 1)

    answer = await browser.press(f"/accounts/{account}/cancel", return_to="/")

    assert (answer.status, await jobs(world)) == (303, 0)
    page = await browser.get(answer.location)
    assert "The sync is cancelled." in page.body.decode()


async def test_a_press_is_named_by_the_run_that_answers_it(world: World, browser: Browser) -> None:
    account = int(await linked_by_ada(browser))
    await sync_account(world.services, account, Trigger.LINKED)
    await browser.press(f"/accounts/{account}/sync", return_to="/")
    await sync_account(world.services, account, Trigger.PERSON)
    user = (await browser.get("/me")).json["user"]["id"]
    actors = await column(world.services.database, "SELECT actor FROM run ORDER BY id")
    assert actors == [f"user:{user}"] * 2
