"""A program borrows a fresh token with a key that is bound to its host and its person."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from permsync.flows.authenticate_key import Scope, create_key
from permsync.flows.disable_user import disable_user
from permsync.rules.lending import EVERY, LendingRight
from permsync.web.application import create_application
from tests.asgi_client import AsgiClient
from tests.flows.scenes import column, expire, found_in
from tests.world import PUBLIC_URL, World

Borrow = Callable[..., Awaitable[AsgiClient]]


@pytest.fixture
def borrower(world: World) -> Borrow:
    """Return a maker of callers bound to hosts and people, where gitlab is open for lending."""
    hosts = {
        name: replace(one, lends=name == "gitlab") for name, one in world.services.hosts.items()
    }
    services = replace(world.services, hosts=hosts)
    application = create_application(services, public_url=PUBLIC_URL)

    async def make(*, host: str = EVERY, user: str = EVERY) -> AsgiClient:
        lends = LendingRight(frozenset({host}), frozenset({user}))
        secret, _ = await create_key(
            services,
            name=f"{host}-{user}",
            scopes=[Scope.TOKENS_LEND],
            lives_in=None,
            lends=lends,
        )
        return AsgiClient(application, key=secret)

    return make


async def test_a_loan_says_all_that_a_program_needs(world: World, borrower: Borrow) -> None:
    account = await world.link("ada", "gitlab")
    caller = await borrower(host="gitlab", user=str(account.user_id))
    answer = await caller.post_json(f"/v1/accounts/{account.id}/token", {"min_remaining": 60})
    assert answer.status == 200
    assert answer.header("cache-control") == "no-store"
    loan = answer.json
    assert world.host("gitlab").tokens.with_access(loan.pop("token")) is not None
    assert loan.pop("expires_at")
    assert loan == {
        "account": str(account.id),
        "user": str(account.user_id),
        "host": "gitlab",
        "token_version": 1,
        "scopes": ["read_api"],
        "ends_with_refresh": True,
    }


async def test_a_loan_names_its_key_in_the_audit_trail_and_its_token_nowhere(
    world: World, borrower: Borrow
) -> None:
    account = await world.link("ada", "gitlab")
    caller = await borrower()
    with capture_logs() as lines:
        answer = await caller.post_json(f"/v1/accounts/{account.id}/token", {})
    assert answer.status == 200
    actors = await column(
        world.services.database, "SELECT actor FROM audit_event WHERE action = 'token_lent'"
    )
    assert actors == ["key:*-*"]
    assert not found_in(repr(lines), [answer.json["token"]])


async def test_without_a_right_every_account_is_answered_alike(
    world: World, borrower: Borrow
) -> None:
    account = await world.link("ada", "gitlab")
    other = await world.user("grace")
    caller = await borrower(host="gitlab", user=str(other.id))
    answers = [
        await caller.post_json(f"/v1/accounts/{each}/token", {})
        for each in (account.id, account.id + 1, 9 * 10**17)
    ]
    assert {(one.status, one.body) for one in answers} == {(403, answers[0].body)}
    assert answers[0].json["reason"] == "not_allowed"


async def test_what_is_refused_says_why_in_a_word_of_the_closed_set(
    world: World, borrower: Borrow
) -> None:
    caller = await borrower()
    github, gitlab = await world.link("ada", "github"), await world.link("ada", "gitlab")

    async def said(account_id: int) -> tuple[int, str, str | None]:
        answer = await caller.post_json(f"/v1/accounts/{account_id}/token", {})
        assert answer.json["code"] == "lending_refused"
        return answer.status, answer.json["reason"], answer.header("retry-after")

    assert await said(github.id) == (403, "lending_off", None)
    await expire(world, gitlab)
    world.host("gitlab").faults.outage = True
    assert await said(gitlab.id) == (503, "try_again", "1")
    await disable_user(world.services, gitlab.user_id, disabled=True, actor="test")
    assert await said(gitlab.id) == (409, "user_disabled", None)


async def test_to_whom_all_is_open_an_unknown_account_is_unknown(borrower: Borrow) -> None:
    answer = await (await borrower()).post_json("/v1/accounts/999/token", {})
    assert (answer.status, answer.json["code"]) == (404, "unknown_account")
