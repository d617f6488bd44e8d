"""What may still be asked at the hosts, for those who run the service."""

import pytest

from permsync.flows.authenticate_key import Scope
from tests.flows.scenes import rows
from tests.web.visitors import CallWith
from tests.world import World


async def learned(
    world: World,
    credential: str,
    *,
    remaining: int,
    host: str = "gitlab",
    resets_in: str = "30 minutes",
    refused_for: str | None = None,
) -> None:
    """Let a window of a thousand requests be known."""
    await rows(
        world.services.database,
        "INSERT INTO budget VALUES (:host, :credential, 1000, :remaining,"
        " clock_timestamp() + CAST(:resets_in AS text)::interval,"
        " clock_timestamp() + CAST(:refused_for AS text)::interval, clock_timestamp())",
        host=host,
        credential=credential,
        remaining=remaining,
        resets_in=resets_in,
        refused_for=refused_for,
    )


async def test_the_scarcest_budget_comes_first_and_a_refusing_host_before_it(
    world: World, program: CallWith
) -> None:
    await learned(world, "account 1", remaining=900)
    await learned(world, "account 2", remaining=100)
    await learned(world, "account 3", remaining=0, resets_in="-1 minutes")
    await learned(world, "client", remaining=500, host="bitbucket", refused_for="5 minutes")
    caller = await program(Scope.ADMIN)

    told = (await caller.get("/v1/budgets")).json["budgets"]

    assert [(one["credential"], one["remaining"]) for one in told] == [
        ("client", 500),
        ("account 2", 100),
        ("account 1", 900),
        ("account 3", 1_000),  # its window is over
    ]
    assert [one["refused_until"] is not None for one in told] == [True, False, False, False]
    assert {one["reserved"] for one in told} == {200}


async def test_one_host_and_so_many_can_be_asked_for(world: World, program: CallWith) -> None:
    for number in range(3):
        await learned(world, f"account {number}", remaining=number)
    await learned(world, "client", remaining=0, host="bitbucket")
    caller = await program(Scope.ADMIN)
    told = (await caller.get("/v1/budgets?host=gitlab&limit=2")).json["budgets"]
    assert [one["credential"] for one in told] == ["account 0", "account 1"]


async def test_an_unknown_host_is_said_to_be_unknown(program: CallWith) -> None:
    caller = await program(Scope.ADMIN)
    answer = await caller.get("/v1/budgets?host=nowhere")
    assert (answer.status, answer.json["code"]) == (404, "unknown_host")


@pytest.mark.parametrize("scope", [one for one in Scope if one is not Scope.ADMIN])
async def test_nobody_else_is_told(program: CallWith, scope: Scope) -> None:
    assert (await (await program(scope)).get("/v1/budgets")).status == 403
