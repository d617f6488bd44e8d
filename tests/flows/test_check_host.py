"""
One look at a host says which setting is wrong, spends nothing and repeats no word of a host.

Every kind of the sample world is looked at, with right settings and with wrong ones.
"""

import socket
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from permsync import hosts
from permsync.codehost import Ask, Request
from permsync.errors import UnknownError
from permsync.flows.check_host import check_host
from permsync.flows.deps import Clock, ConfiguredConnection, Services
from permsync.rules.host_check import Check, Finding, Found
from permsync.simulator.samples import client_id_of
from tests.flows.installed import by_app
from tests.flows.scenes import column, read, rows
from tests.transport.raw_server import answer, raw_server, replies
from tests.world import KINDS, World, host_settings

each_host = pytest.mark.parametrize("name", KINDS)
SECRET = "a-secret-of-nobody-7Rw"


def changed(world: World, name: str, **settings: Any) -> Services:
    """The services, where the settings of one host are different."""
    made = hosts.create(replace(host_settings(world.simulator, name), **settings))
    known = world.services.hosts[name]
    redirect_uri = settings.get("redirect_uri", known.redirect_uri)
    one = replace(known, host=made, redirect_uri=redirect_uri)
    return replace(world.services, hosts={**world.services.hosts, name: one})


def told(found: Sequence[Finding]) -> dict[Check, Found]:
    """What is found by what was looked at."""
    return {one.check: one.found for one in found}


def wrong(found: Sequence[Finding]) -> set[Check]:
    return {one.check for one in found if one.found is Found.WRONG}


@each_host
async def test_right_settings_have_nothing_wrong(world: World, name: str) -> None:
    found = await check_host(world.services, name)
    assert not wrong(found), found
    for check in (Check.ADDRESS, Check.API, Check.CLOCK, Check.CLIENT):
        assert told(found)[check] is Found.OK
    # The pretend hosts speak http, and ask people to sign in before they say anything.
    assert told(found)[Check.TLS] is Found.UNKNOWN
    assert told(found)[Check.CALLBACK] is Found.UNKNOWN


async def test_a_host_may_be_asked_who_we_are_beside_its_api(world: World) -> None:
    """On the same origin, as with its OpenID Connect address."""

    class Beside(hosts.registry()["gitea"]):  # type: ignore[misc]  # found at run time
        def identity_ask(self) -> Ask:
            base = host_settings(world.simulator, "gitea").base_url
            return Ask("identity", Request("GET", f"{base}/login/oauth/userinfo"))

    host = Beside(host_settings(world.simulator, "gitea"))
    one = replace(world.services.hosts["gitea"], host=host)
    services = replace(world.services, hosts={**world.services.hosts, "gitea": one})
    assert Check.API in told(await check_host(services, "gitea"))


@each_host
async def test_a_look_presents_no_token_and_changes_no_account(world: World, name: str) -> None:
    account = await world.link("ada", name)
    before = len(world.host(name).log.records)
    tokens = {pair.refresh for pair in world.host(name).tokens.of("ada")}
    await check_host(world.services, name)
    assert await read(world, account) == account
    sent = list(world.host(name).log.records)[before:]
    assert sent
    assert not {record.presented for record in sent if record.presented} & tokens


@each_host
async def test_a_wrong_client_secret_is_found(world: World, name: str) -> None:
    found = await check_host(changed(world, name, client_secret=SECRET), name)
    assert wrong(found) == {Check.CLIENT}


@each_host
async def test_an_unknown_client_is_found_and_no_callback_is_blamed(
    world: World, name: str
) -> None:
    found = await check_host(changed(world, name, client_id="nobody"), name)
    assert wrong(found) == {Check.CLIENT}
    assert told(found)[Check.CALLBACK] is Found.UNKNOWN


@each_host
async def test_a_callback_that_is_not_registered_is_found(world: World, name: str) -> None:
    elsewhere = "https://permsync.example/link/elsewhere/callback"
    found = await check_host(changed(world, name, redirect_uri=elsewhere), name)
    assert wrong(found) == {Check.CALLBACK}
    assert [one.what for one in found if elsewhere in one.what]


@each_host
async def test_a_host_that_does_not_work_is_found_and_no_setting_is_blamed(
    world: World, name: str
) -> None:
    world.host(name).faults.outage = True
    found = await check_host(world.services, name)
    assert wrong(found) == {Check.ADDRESS, Check.API}
    assert {one.cure for one in found if one.found is Found.WRONG} == {"try later"}


@each_host
async def test_a_host_that_is_not_there_is_found_and_asked_no_more(world: World, name: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        found = await check_host(changed(world, name, base_url=url, api_url=None), name)
    assert told(found)[Check.ADDRESS] is Found.WRONG
    for check in (Check.CLOCK, Check.CLIENT, Check.CALLBACK, Check.SCOPES):
        assert told(found)[check] is Found.UNKNOWN


@each_host
async def test_a_wrong_context_path_is_found(world: World, name: str) -> None:
    """What answers there is a web server's page that nothing is there, in HTML."""
    missing = answer(
        b"<h1>404</h1> the host's own words",
        status="404 Not Found",
        headers=b"content-type: text/html\r\nconnection: close\r\n",
    )
    async with raw_server(replies(missing)) as server:
        found = await check_host(changed(world, name, base_url=f"{server.url}/nowhere"), name)
    api = next(one for one in found if one.check is Check.API)
    assert api.found is Found.WRONG
    assert "context path" in api.cure
    assert told(found)[Check.CLIENT] is Found.UNKNOWN
    assert "own words" not in str(found)


@each_host
@pytest.mark.parametrize("minutes", [-10, 10])
async def test_clocks_that_differ_are_found(world: World, name: str, minutes: int) -> None:
    clock = world.services.clock
    skewed = Clock(lambda: clock.now() + timedelta(minutes=minutes), clock.boottime)
    found = await check_host(replace(world.services, clock=skewed), name)
    assert wrong(found) == {Check.CLOCK}
    said = next(one.what for one in found if one.check is Check.CLOCK)
    assert ("behind" if minutes > 0 else "ahead of") in said


@each_host
async def test_no_finding_holds_a_secret_or_a_word_of_the_host(world: World, name: str) -> None:
    services = changed(world, name, client_secret=SECRET)
    services = replace(services, connections=(connection(name, SECRET),))
    for faulty in (False, True):
        world.host(name).faults.refuse_refreshes = faulty
        shown = str(await check_host(services, name))
        assert world.simulator.world.canary not in shown
        assert SECRET not in shown


# Connections


def connection(name: str, token: str) -> ConfiguredConnection:
    return ConfiguredConnection("admin", name, frozenset({"*"}), token)


@each_host
async def test_a_connection_is_looked_at_with_its_own_token(world: World, name: str) -> None:
    await world.link("ada", name)
    token = list(world.host(name).tokens.of("ada"))[-1].access
    for given, found in ((token, Found.OK), ("no-such-token", Found.WRONG)):
        services = replace(world.services, connections=(connection(name, given),))
        one = (await check_host(services, name))[-1]
        assert (one.check, one.about, one.found) == (Check.CONNECTION, "admin", found)


async def test_a_look_takes_of_a_shared_budget_what_it_asks_and_no_more(world: World) -> None:
    name = next(one for one in KINDS if world.services.host(one).host.manners.hourly)
    services = replace(world.services, connections=(connection(name, "no-such-token"),))
    await check_host(services, name)
    (left,) = await column(
        world.services.database,
        "SELECT request_limit - remaining FROM budget WHERE host = :host",
        host=name,
    )
    assert left == 1


async def test_a_connection_by_an_app_is_looked_at_by_who_let_it_in(world: World) -> None:
    for connected, found in (
        (by_app(world), Found.OK),
        (by_app(world, "nobody-there"), Found.WRONG),
        (by_app(world, registered=False), Found.OK),
    ):
        one = (await check_host(connected.services, "github"))[-1]
        assert (one.check, one.about, one.found) == (Check.CONNECTION, "app", found)
    world.host("github").tokens.clients[client_id_of("github")].public_keys.clear()
    refused = (await check_host(by_app(world, registered=False).services, "github"))[-1]
    assert refused.found is Found.WRONG


async def test_a_connection_of_another_host_is_not_looked_at(world: World) -> None:
    services = replace(world.services, connections=(connection("github", "token"),))
    assert Check.CONNECTION not in told(await check_host(services, "gitlab"))


async def test_a_connection_whose_host_is_away_is_left_unknown(world: World) -> None:
    world.host("gitlab").faults.outage = True
    services = replace(world.services, connections=(connection("gitlab", "token"),))
    assert told(await check_host(services, "gitlab"))[Check.CONNECTION] is Found.UNKNOWN


# What linked accounts tell


async def test_scopes_are_told_by_the_accounts_that_are_linked(world: World) -> None:
    assert told(await check_host(world.services, "gitlab"))[Check.SCOPES] is Found.UNKNOWN
    account = await world.link("ada", "gitlab")
    assert told(await check_host(world.services, "gitlab"))[Check.SCOPES] is Found.OK
    await rows(
        world.services.database,
        "UPDATE account SET scopes = '{read_user}' WHERE id = :id",
        id=account.id,
    )
    assert told(await check_host(world.services, "gitlab"))[Check.SCOPES] is Found.WRONG


async def test_webhooks_are_told_by_their_secrets(world: World) -> None:
    assert told(await check_host(world.services, "gitlab"))[Check.WEBHOOKS] is Found.UNKNOWN
    one = replace(world.services.hosts["gitlab"], webhook_secrets=(SECRET,))
    services = replace(world.services, hosts={**world.services.hosts, "gitlab": one})
    assert told(await check_host(services, "gitlab"))[Check.WEBHOOKS] is Found.OK


# What a refresh does, where an account is named for it


async def test_a_named_account_is_refreshed_once_and_tells_whether_its_token_rotates(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    found = (await check_host(world.services, "gitlab", spend_account=account.id))[-1]
    assert (found.check, found.found) == (Check.ROTATION, Found.OK)
    assert "a new refresh token came" in found.what
    now = await read(world, account)
    assert (now.token_version, now.state) == (account.token_version + 1, account.state)


async def test_a_rotation_that_nobody_assumed_is_found(world: World) -> None:
    account = await world.link("ada", "gitlab")
    services = changed(world, "gitlab", options={"rotation": "none"})
    found = (await check_host(services, "gitlab", spend_account=account.id))[-1]
    assert (found.check, found.found) == (Check.ROTATION, Found.WRONG)


async def test_a_refresh_that_fails_leaves_it_unknown_and_the_account_as_it_was(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    world.host("gitlab").faults.outage = True
    found = (await check_host(world.services, "gitlab", spend_account=account.id))[-1]
    assert (found.check, found.found) == (Check.ROTATION, Found.UNKNOWN)
    assert (await read(world, account)).state is account.state


async def test_an_account_without_a_refresh_token_has_nothing_to_spend(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await rows(
        world.services.database,
        "UPDATE account SET refresh_sealed = NULL WHERE id = :id",
        id=account.id,
    )
    found = (await check_host(world.services, "gitlab", spend_account=account.id))[-1]
    assert (found.check, found.found) == (Check.ROTATION, Found.UNKNOWN)
    assert (await read(world, account)).token_version == account.token_version


async def test_an_account_of_another_host_is_never_spent(world: World) -> None:
    account = await world.link("ada", "github")
    with pytest.raises(UnknownError):
        await check_host(world.services, "gitlab", spend_account=account.id)
    with pytest.raises(UnknownError):
        await check_host(world.services, "nowhere")
    assert (await read(world, account)).token_version == account.token_version
