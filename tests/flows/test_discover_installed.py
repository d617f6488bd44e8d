"""Repositories found through an app: installation by installation, and one that fails alone."""

from dataclasses import replace
from typing import Any

from structlog.testing import capture_logs

from permsync.flows.discover_repositories import discover_repositories
from tests.flows.installed import HOST, LISTS, app_of, by_app, discovered, installation, mints
from tests.flows.scenes import column, everything_stored, found_in, rows, spoil
from tests.world import World

COVERED = "SELECT full_name FROM repository WHERE sync_due_at IS NOT NULL"


def _reached(world: World, *owners: str) -> set[str]:
    """What the working installations on these owners cover in truth."""
    host = world.host(HOST)
    return {
        each.full_name
        for each in host.repositories.values()
        if each.owner in owners and installation(host, each.owner).covers(each)
    }


def _states(world: World) -> dict[str, float]:
    """How many installations the operator is shown in which state."""
    found = world.services.metrics.registry
    return {
        state: found.get_sample_value(
            "permsync_installations", {"connection": "app", "state": state}
        )
        or 0.0
        for state in ("working", "suspended", "refused")
    }


def _unusable(lines: list[Any]) -> list[tuple[str, str]]:
    return [
        (one["owner"], one["reason"]) for one in lines if one["event"] == "installation_unusable"
    ]


async def test_an_app_finds_what_its_installations_cover_and_grants_nothing_by_that(
    world: World,
) -> None:
    world = await discovered(world)
    everybody = [one.namespace for one in world.host(HOST).installations.values()]
    found = set(await column(world.services.database, COVERED))
    assert found == _reached(world, *everybody)
    assert any(not name.startswith("acme/") for name in found)
    assert await column(world.services.database, 'SELECT count(*) FROM "grant"') == [0]
    assert await column(world.services.database, "SELECT count(*) FROM account") == [0]
    assert _states(world) == {"working": len(everybody), "suspended": 0, "refused": 0}
    assert await discover_repositories(world.services) == 0


async def test_no_token_is_asked_for_owners_that_the_operator_did_not_name(world: World) -> None:
    world = await discovered(world, "ACME")
    assert set(await column(world.services.database, COVERED)) == _reached(world, "acme")
    assert mints(world.host(HOST)) == 1
    configured = replace(world.services.host(HOST), include=frozenset({"orbit"}))
    narrowed = replace(world.services, hosts={**world.services.hosts, HOST: configured})
    assert await discover_repositories(narrowed) == 0
    assert mints(world.host(HOST)) == 1


async def test_trap_19_owners_beyond_the_first_page_are_found(world: World) -> None:
    host = world.host(HOST)
    for number in range(230):
        host.add_namespace(f"more-{number}")
        one = replace(installation(host, "acme"), id=host.next_id(), namespace=f"more-{number}")
        host.installations[one.id] = one
    host.add_repository("more-229/last")
    await discovered(world, "more-229")
    assert await column(world.services.database, COVERED) == ["more-229/last"]
    asked = [one.query for one in host.log.to_path(LISTS) if one.path.endswith(LISTS)]
    assert [query.partition("&")[0] for query in asked] == ["per_page=100"] * 3


async def test_an_installation_that_sleeps_leaves_the_others(world: World) -> None:
    host = world.host(HOST)
    installation(host, "acme").suspended_at = 1_700_000_000
    with capture_logs() as lines:
        world = await discovered(world, "acme", "orbit")
    assert set(await column(world.services.database, COVERED)) == _reached(world, "orbit")
    assert _states(world) == {"working": 1, "suspended": 1, "refused": 0}
    assert _unusable(lines) == [(str(host.namespaces["acme"].id), "installation_suspended")]


async def test_an_installation_that_lacks_a_permission_is_shown_and_leaves_the_others(
    world: World,
) -> None:
    host = world.host(HOST)
    installation(host, "acme").permissions = {"contents": "read"}
    with capture_logs() as lines:
        world = await discovered(world, "acme", "orbit")
    assert set(await column(world.services.database, COVERED)) == _reached(world, "orbit")
    assert _states(world) == {"working": 1, "suspended": 0, "refused": 1}
    assert _unusable(lines) == [(str(host.namespaces["acme"].id), "refused")]
    assert any("Resource not accessible" in str(one.get("detail")) for one in lines)


async def test_an_app_that_cannot_say_who_it_is_finds_nothing_and_says_so(world: World) -> None:
    world = by_app(world, registered=False)
    with capture_logs() as lines:
        assert await discover_repositories(world.services) == 0
    assert ("host_refused", "credential_rejected") in [
        (one["event"], one.get("kind")) for one in lines
    ]


async def test_a_host_that_gives_no_token_is_no_news_about_any_repository(world: World) -> None:
    world = await discovered(world)
    before = await rows(world.services.database, "SELECT * FROM repository ORDER BY id")
    again = by_app(world)
    spoil(world, HOST, "api", "502", match="access_tokens", times=50)
    assert await discover_repositories(again.services) == 0
    assert await rows(world.services.database, "SELECT * FROM repository ORDER BY id") == before


async def test_an_installation_that_came_meanwhile_is_found_at_once(world: World) -> None:
    host = world.host(HOST)
    orbit = installation(host, "orbit")
    del host.installations[orbit.id]
    world = await discovered(world)
    host.installations[orbit.id] = orbit
    assert await discover_repositories(world.services) == len(_reached(world, "orbit"))


async def test_what_was_public_and_is_not_is_seen_closed_by_the_next_look(world: World) -> None:
    world = await discovered(world)
    host = world.host(HOST)
    one = next(each for each in host.by_id() if each.visibility == "public")
    seen = "SELECT visibility FROM repository WHERE full_name = :name"
    assert await column(world.services.database, seen, name=one.full_name) == ["public"]
    host.set_visibility(one.id, "internal")
    assert await discover_repositories(world.services) == 0
    assert await column(world.services.database, seen, name=one.full_name) == ["internal"]


async def test_an_app_under_a_wrong_id_is_not_taken_for_one_that_nobody_installed(
    world: World,
) -> None:
    world = by_app(world)
    (connection,) = world.services.connections
    wrong = replace(connection, app=replace(app_of(world.services), app_id="404"))
    services = replace(world.services, connections=(wrong,))
    with capture_logs() as lines:
        assert await discover_repositories(services) == 0
    assert [one["kind"] for one in lines if one["event"] == "host_refused"] == [
        "credential_rejected"
    ]


async def test_no_token_and_no_key_is_stored_or_logged(world: World) -> None:
    with capture_logs() as lines:
        world = await discovered(world)
    tokens = list(world.host(HOST).tokens.installed)
    assert tokens
    stored = await everything_stored(world.services.database)
    assert found_in(stored, [*tokens, "PRIVATE KEY"]) == []
    shown = f"{lines} {world.services.connections!r} {app_of(world.services)!r}"
    assert found_in(shown, [*tokens, "PRIVATE KEY"]) == []
