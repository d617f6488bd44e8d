"""
The list of what a person may read is the check, asked about every repository.

This module must not decide access itself.
"""

from datetime import timedelta

import pytest

from permsync.flows.check import AccountName, IdentityName, check, note_asked
from permsync.flows.list_readable import list_readable
from permsync.model import RunState, User, Verdict
from permsync.simulator.faults import RateLimit
from tests.flows.scenes import column, rows, sync
from tests.world import World


async def everybody(world: World) -> list[User]:
    """Four people, each linked and synced at one host or two."""
    people = []
    for login, hosts in {
        "ada": ("github", "gitlab"),
        "grace": ("gitlab", "bitbucket"),
        "linus": ("bitbucket-dc",),
        "margaret": (),
    }.items():
        user = await world.user(login)
        people.append(user)
        for host in hosts:
            await sync(world, await world.link(login, host, user=user))
    return people


async def by_check(world: World, user: User) -> set[int]:
    """What the check allows, repository by repository."""
    ids = await column(world.services.database, "SELECT id FROM repository")
    answers = {id_: await check(world.services, user.id, id_) for id_ in ids}
    return {id_ for id_, one in answers.items() if one.decision.verdict is Verdict.ALLOW}


async def by_list(world: World, user: User, *, limit: int) -> set[int]:
    """What the list names, page after page."""
    found: set[int] = set()
    after: int | None = 0
    while after is not None:
        page = await list_readable(world.services, user, after=after, limit=limit)
        ids = {one.repository.id for one in page.items}
        assert not found & ids
        found |= ids
        after = page.next_after
    return found


@pytest.mark.parametrize("limit", [7, 1000])
async def test_the_list_is_what_the_check_allows(world: World, limit: int) -> None:
    people = await everybody(world)
    some = await column(world.services.database, "SELECT id FROM repository ORDER BY id LIMIT 2")
    for effect, repository in zip(("allow", "deny"), some, strict=True):
        await rows(
            world.services.database,
            "INSERT INTO explicit_rule (effect, user_id, repository_id) VALUES (:e, :u, :r)",
            e=effect,
            u=people[-1].id if effect == "allow" else people[0].id,
            r=repository,
        )
    seen = [await by_list(world, user, limit=limit) for user in people]
    assert seen == [await by_check(world, user) for user in people]
    assert len({frozenset(one) for one in seen}) > 1


async def test_a_person_is_found_by_every_name(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await sync(world, account)
    name = AccountName(account.host, account.external_id)
    for subject in (account.user_id, IdentityName("test", "ada"), name):
        answer = await check(world.services, subject, 1)
        assert answer.user is not None
        assert answer.user.id == account.user_id


async def test_asking_is_noted_once_in_a_while(world: World) -> None:
    user = await world.user("ada")
    noted = 'SELECT asked_at FROM "user"'
    await note_asked(world.services, user.id)
    first = await column(world.services.database, noted)
    await note_asked(world.services, user.id)
    assert await column(world.services.database, noted) == first
    assert world.services.durations.sync_every_asked > timedelta(minutes=1)


DUE = "SELECT sync_due_at <= listed_at + CAST(:every AS interval) AS soon FROM account"


async def test_whoever_is_asked_about_again_is_listed_an_hour_after_the_last_time(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    await sync(world, account)
    every = world.services.durations.sync_every_asked
    assert await column(world.services.database, DUE, every=every) == [False]
    await note_asked(world.services, account.user_id)
    assert await column(world.services.database, DUE, every=every) == [True]


async def test_a_host_that_wants_to_be_left_alone_is_not_asked_earlier_for_that(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    await sync(world, account)
    world.host("gitlab").faults.rate_limit = RateLimit(retry_after_seconds=80_000)
    assert await sync(world, account) is RunState.FAILED
    await note_asked(world.services, account.user_id)
    every = world.services.durations.sync_every_asked
    assert await column(world.services.database, DUE, every=every) == [False]


async def test_a_page_is_filled_however_many_candidates_lie_before_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Candidates that may not be read, more than are looked at together, end no page."""
    monkeypatch.setattr("permsync.flows.list_readable.BATCH", 1)
    people = await everybody(world)
    for user in people:
        assert await by_list(world, user, limit=1_000) == await by_check(world, user)
