"""Tokens of installations: one request for all, a new one in time, kept in memory alone."""

import asyncio
from dataclasses import replace

import pytest

from permsync.errors import TokenUnavailableError
from permsync.flows.app_memory import HeldToken
from permsync.flows.deps import Clock, Services
from permsync.flows.installation_token import installation_token
from permsync.simulator.samples import client_id_of
from tests.flows.installed import HOST, app_of, by_app, installation, lists, mints
from tests.flows.scenes import spoil
from tests.world import World


class Time:
    """A clock whose hours pass when it is told; what leaves the process has the real time."""

    def __init__(self, services: Services) -> None:
        self.seconds = 1_000.0
        self.services = replace(
            services, clock=Clock(now=services.clock.now, boottime=lambda: self.seconds)
        )


def _owner(world: World, name: str = "acme") -> str:
    return str(world.host(HOST).namespaces[name].id)


async def _token(
    services: Services, owner_id: str, *, rejected_version: int | None = None
) -> HeldToken:
    return await installation_token(
        services, app_of(services), host=HOST, owner_id=owner_id, rejected_version=rejected_version
    )


async def _refusal(services: Services, owner_id: str) -> TokenUnavailableError:
    with pytest.raises(TokenUnavailableError) as refused:
        await _token(services, owner_id)
    return refused.value


async def test_all_who_want_a_token_at_once_get_the_same_one(world: World) -> None:
    services = by_app(world).services
    owner = _owner(world)
    held = await asyncio.gather(*(_token(services, owner) for _ in range(20)))
    assert len({one.access_token for one in held}) == 1
    assert len(held[0].access_token) > 400
    assert (mints(world.host(HOST)), lists(world.host(HOST))) == (1, 1)


async def test_each_installation_has_a_token_of_its_own(world: World) -> None:
    services = by_app(world).services
    names = ("acme", "acme-labs", "orbit")
    held = await asyncio.gather(*(_token(services, _owner(world, one)) for one in names))
    assert len({one.access_token for one in held}) == 3
    assert (mints(world.host(HOST)), lists(world.host(HOST))) == (3, 1)


async def test_a_new_token_is_had_before_the_old_one_ends(world: World) -> None:
    time = Time(by_app(world).services)
    margin = time.services.durations.refresh_margin.total_seconds()
    first = await _token(time.services, _owner(world))
    time.seconds += 3_600 - 2 * margin
    assert await _token(time.services, _owner(world)) == first
    time.seconds += margin + 30
    assert (await _token(time.services, _owner(world))).access_token != first.access_token


async def test_a_token_that_lives_for_moments_is_used_for_half_of_them(world: World) -> None:
    world.host(HOST).policy.installation_ttl_seconds = 20
    time = Time(by_app(world).services)
    first = await _token(time.services, _owner(world))
    time.seconds += 8
    assert await _token(time.services, _owner(world)) == first
    time.seconds += 3
    assert await _token(time.services, _owner(world)) != first


async def test_a_token_that_was_refused_is_not_given_again(world: World) -> None:
    services = by_app(world).services
    first = await _token(services, _owner(world))
    again = await asyncio.gather(
        *(_token(services, _owner(world), rejected_version=first.version) for _ in range(5))
    )
    assert len({one.access_token for one in again} | {first.access_token}) == 2
    assert mints(world.host(HOST)) == 2


async def test_what_is_known_of_the_installations_is_looked_at_again(world: World) -> None:
    time = Time(by_app(world).services)
    await _token(time.services, _owner(world))
    await _token(time.services, _owner(world, "orbit"))
    assert lists(world.host(HOST)) == 1
    time.seconds += time.services.durations.app_look.total_seconds() + 1
    await _token(time.services, _owner(world, "acme-labs"))
    assert lists(world.host(HOST)) == 2


async def test_an_app_that_was_installed_anew_is_found_under_its_new_id(world: World) -> None:
    services = by_app(world).services
    host = world.host(HOST)
    await _token(services, _owner(world, "orbit"))
    old = installation(host, "acme")
    del host.installations[old.id]
    anew = replace(old, id=host.next_id())
    host.installations[anew.id] = anew

    held = await _token(services, _owner(world))

    assert host.tokens.installed[held.access_token].installation == anew.id
    assert lists(host) == 2


async def test_a_suspended_installation_and_one_that_is_gone_are_told_apart(world: World) -> None:
    services = by_app(world).services
    host = world.host(HOST)
    await _token(services, _owner(world, "orbit"))
    installation(host, "acme").suspended_at = 1_700_000_000
    del host.installations[installation(host, "acme-labs").id]

    assert (await _refusal(services, _owner(world))).reason == "installation_suspended"
    assert (await _refusal(services, _owner(world, "acme-labs"))).reason == "not_installed"
    assert (await _refusal(services, "987654")).reason == "not_installed"


async def test_an_app_that_its_host_does_not_know_is_the_operators_to_mend(world: World) -> None:
    services = by_app(world, registered=False).services
    assert (await _refusal(services, _owner(world))).reason == "connection_rejected"
    assert mints(world.host(HOST)) == 0


async def test_a_host_that_is_down_is_asked_for_one_of_those_who_wait(world: World) -> None:
    services = by_app(world).services
    await _token(services, _owner(world, "orbit"))
    before = mints(world.host(HOST))
    spoil(world, HOST, "api", "502", match="access_tokens", times=50)

    waiting = [_token(services, _owner(world)) for _ in range(10)]
    refusals = await asyncio.gather(*waiting, return_exceptions=True)

    assert {str(one) for one in refusals} == {"unavailable"}
    assert mints(world.host(HOST)) - before == 3


async def test_an_answer_without_a_token_is_no_token(world: World) -> None:
    services = by_app(world).services
    spoil(world, HOST, "api", "empty_object", match="access_tokens", times=50)
    assert (await _refusal(services, _owner(world))).reason == "unreadable"


async def test_a_list_that_never_ends_is_not_believed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = by_app(world).services
    monkeypatch.setattr("permsync.flows.find_installation.MOST_PAGES", 1)
    host = world.host(HOST)
    for number in range(120):
        host.add_namespace(f"more-{number}")
        one = replace(installation(host, "acme"), id=host.next_id(), namespace=f"more-{number}")
        host.installations[one.id] = one
    assert (await _refusal(services, _owner(world))).reason == "unreadable"


async def test_an_app_may_be_named_by_its_number(world: World) -> None:
    connected = by_app(world).services
    (connection,) = connected.connections
    app = replace(app_of(connected), app_id="1")
    services = replace(connected, connections=(replace(connection, app=app),))
    assert client_id_of(HOST) != app.app_id
    assert (await _token(services, _owner(world))).access_token
