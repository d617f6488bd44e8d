"""The list of what a person may see is complete, in pages, and says why for each."""

from typing import Any

from permsync.flows.authenticate_key import Scope
from permsync.flows.disable_user import disable_user
from tests.asgi_client import AsgiClient
from tests.flows.scenes import granted
from tests.web.api.scenes import synced
from tests.web.visitors import CallWith
from tests.world import World


async def read(caller: AsgiClient, target: str) -> dict[str, Any]:
    answer = await caller.get(target)
    assert answer.status == 200, answer.body
    page: dict[str, Any] = answer.json
    return page


async def test_pages_together_are_everything_a_person_may_see(
    world: World, program: CallWith
) -> None:
    ada = await synced(world)
    caller = await program(Scope.LIST)
    names: list[str] = []
    target = f"/v1/users/{ada.user}/repos?limit=30"
    sizes: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await read(caller, f"{target}&cursor={cursor}" if cursor else target)
        names += [one["full_name"] for one in page["repositories"]]
        sizes.append(len(page["repositories"]))
        cursor = page["next_cursor"]

    everything = await granted(world, ada.account)
    assert len(names) == len(set(names))
    assert everything <= set(names)
    assert sizes[:-1] == [30] * (len(sizes) - 1)
    assert len(sizes) > 1


async def test_each_repository_is_listed_with_its_reason(world: World, program: CallWith) -> None:
    ada = await synced(world)
    page = await read(await program(Scope.LIST), f"/v1/users/{ada.user}/repos?limit=1000")
    (one,) = [each for each in page["repositories"] if each["id"] == ada.repository]
    assert (one["host"], one["external_id"], one["full_name"]) == (
        "github",
        ada.external_id,
        ada.full_name,
    )
    assert (one["reason"], one["basis"], one["visibility"]) == (
        "grant",
        ["account_listing"],
        "private",
    )
    assert one["valid_until"]
    assert (page["user"], page["next_cursor"]) == (ada.user, None)
    assert page["revision"] > 0


async def test_every_way_to_name_a_person_lists_the_same(world: World, program: CallWith) -> None:
    ada = await synced(world)
    caller = await program(Scope.LIST)
    pages = [
        await read(caller, f"/v1/users/{ada.user}/repos"),
        await read(caller, "/v1/users/by-identity/repos?issuer=test&subject=ada"),
        await read(caller, f"/v1/users/by-account/repos?host=github&id={ada.account.external_id}"),
    ]
    assert pages[0] == pages[1] == pages[2]


async def test_nobody_is_not_somebody_who_may_see_nothing(program: CallWith) -> None:
    caller = await program(Scope.LIST)
    for target in (
        f"/v1/users/{'9' * 18}/repos",
        "/v1/users/by-identity/repos?issuer=x&subject=y",
        "/v1/users/by-account/repos?host=nowhere&id=1",
    ):
        answer = await caller.get(target)
        assert (answer.status, answer.json["code"]) == (404, "unknown_user"), target


async def test_a_disabled_person_may_see_nothing(world: World, program: CallWith) -> None:
    ada = await synced(world)
    await disable_user(world.services, ada.account.user_id, disabled=True, actor="test")
    page = await read(await program(Scope.LIST), f"/v1/users/{ada.user}/repos")
    assert page["repositories"] == []
    assert page["next_cursor"] is None


async def test_what_does_not_fit_is_refused_and_named(world: World, program: CallWith) -> None:
    ada = await world.user("ada")
    caller = await program(Scope.LIST)
    mine = f"/v1/users/{ada.id}/repos"
    for target, field in (
        (f"{mine}?limit=0", "limit"),
        (f"{mine}?limit=1001", "limit"),
        (f"{mine}?limit=ten", "limit"),
        (f"{mine}?limit={'9' * 5_000}", "limit"),
        (f"{mine}?cursor=x", "cursor"),
        (f"{mine}?cursor=%00", "cursor"),
        (f"{mine}?page=2", "page"),
        ("/v1/users/0/repos", "user"),
        (f"/v1/users/{'9' * 19}/repos", "user"),
        ("/v1/users/by-identity/repos", "issuer"),
        ("/v1/users/by-identity/repos?issuer=a&subject=%00", "subject"),
        ("/v1/users/by-account/repos?host=a", "id"),
    ):
        answer = await caller.get(target)
        assert (answer.status, answer.json["code"]) == (400, "request_malformed"), target
        assert answer.json["field"] == field, target
