"""A program shows a living service key of the right scope, or it is told nothing."""

from datetime import timedelta

from permsync.flows.authenticate_key import Scope, create_key, revoke_key
from tests.asgi_client import Answer, AsgiClient
from tests.flows.scenes import column
from tests.web.visitors import CallWith
from tests.world import World

ROUTES: list[tuple[str, str, Scope]] = [
    ("POST", "/v1/check", Scope.CHECK),
    ("GET", "/v1/users/1/repos", Scope.LIST),
    ("GET", "/v1/users/by-identity/repos?issuer=a&subject=b", Scope.LIST),
    ("GET", "/v1/users/by-account/repos?host=github&id=1", Scope.LIST),
    ("GET", "/v1/accounts", Scope.ACCOUNTS),
    ("GET", "/v1/accounts/1", Scope.ACCOUNTS),
    ("POST", "/v1/refresh", Scope.REFRESH),
    ("POST", "/v1/accounts/1/token", Scope.TOKENS_LEND),
    ("GET", "/v1/budgets", Scope.ADMIN),
    ("POST", "/v1/users/1/disable", Scope.ADMIN),
    ("POST", "/v1/users/1/enable", Scope.ADMIN),
    ("GET", "/metrics", Scope.ADMIN),
]


def code_of(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["code"]


async def test_without_a_key_a_route_says_nothing(anybody: AsgiClient) -> None:
    for method, target, _ in ROUTES:
        answer = await anybody.send(method, target)
        assert code_of(answer) == (401, "unauthenticated"), target
        assert answer.header("www-authenticate") == 'Bearer realm="permsync"'


async def test_a_key_opens_the_routes_of_its_scope_and_no_others(program: CallWith) -> None:
    for mine in (Scope.CHECK, Scope.LIST, Scope.ACCOUNTS, Scope.REFRESH, Scope.TOKENS_LEND):
        caller = await program(mine)
        for method, target, scope in ROUTES:
            answer = await caller.send(method, target)
            assert (answer.status == 403) == (scope is not mine), target


async def test_a_key_of_an_admin_opens_every_route_but_the_one_to_tokens(
    program: CallWith,
) -> None:
    caller = await program(Scope.ADMIN)
    for method, target, scope in ROUTES:
        refused = (await caller.send(method, target)).status in {401, 403}
        assert refused == (scope is Scope.TOKENS_LEND), target


async def test_what_is_not_exactly_a_key_opens_nothing(world: World, anybody: AsgiClient) -> None:
    key, _ = await create_key(world.services, name="one", scopes=[Scope.ADMIN], lives_in=None)
    for header in (
        "",
        "Bearer",
        "Bearer ",
        "Bearer nobody-made-this",
        "Bearer " + "x" * 1_000,
        f"Basic {key}",
        key,
        f"Bearer {key} ",
        f"Bearer {key}x",
    ):
        answer = await anybody.get("/v1/accounts", authorization=header)
        assert code_of(answer) == (401, "unauthenticated"), header


async def test_the_scheme_is_written_in_any_case(world: World, anybody: AsgiClient) -> None:
    key, _ = await create_key(world.services, name="one", scopes=[Scope.ACCOUNTS], lives_in=None)
    assert (await anybody.get("/v1/accounts", authorization=f"bearer {key}")).status == 200


async def test_a_revoked_key_opens_nothing(world: World, program: CallWith) -> None:
    caller = await program(Scope.ACCOUNTS)
    assert (await caller.get("/v1/accounts")).status == 200
    await revoke_key(world.services, name="accounts")
    assert (await caller.get("/v1/accounts")).status == 401


async def test_an_expired_key_opens_nothing(world: World, anybody: AsgiClient) -> None:
    key, _ = await create_key(
        world.services, name="short", scopes=[Scope.ADMIN], lives_in=timedelta(seconds=-1)
    )
    assert (await anybody.get("/v1/accounts", authorization=f"Bearer {key}")).status == 401


async def test_a_missing_scope_is_named(program: CallWith) -> None:
    caller = await program(Scope.CHECK)
    answer = await caller.get("/v1/accounts")
    assert code_of(answer) == (403, "forbidden")
    assert answer.json["detail"] == "This needs: accounts."


async def test_the_audit_log_names_the_key_that_acted(world: World, program: CallWith) -> None:
    ada = await world.user("ada")
    caller = await program(Scope.ADMIN)
    await caller.send("POST", f"/v1/users/{ada.id}/disable")
    actors = await column(
        world.services.database, "SELECT actor FROM audit_event WHERE action = 'user_disabled'"
    )
    assert actors == ["key:admin"]
