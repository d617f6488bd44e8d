"""One question in a person's name: where the token may go, and where it never does."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import cast

import pytest

from permsync.codehost import Failure, FailureKind, Request, Response
from permsync.errors import DatabaseUnavailableError, TokenUnavailableError
from permsync.flows.ask_host import Conversation
from permsync.flows.deps import ConfiguredHost
from permsync.hosts.gitlab import Host
from permsync.model import Account, RunState
from permsync.store.engine import Connection, Database
from tests.flows.faulty_doors import behind
from tests.flows.scenes import column, expire, last_run, read, refreshes, rows, spoil, sync
from tests.world import World, host_settings


class TwoOrigins(Host):
    """The same host file, which asks at a second origin too."""

    elsewhere = ""

    @property
    def api_urls(self) -> tuple[str, ...]:
        return (self.api_url, self.elsewhere)


def conversation(
    world: World, account: Account, *, configured: ConfiguredHost | None = None
) -> Conversation:
    return Conversation(
        world.services,
        configured or world.services.host(account.host),
        account_id=account.id,
        link_id=account.link_id,
    )


def by_name(world: World) -> str:
    """Another origin of the same simulator."""
    return world.simulator.host_url("gitlab").replace("127.0.0.1", "localhost")


def status_of(response: Response) -> int | Failure:
    return response.status


def refused_by_401(response: Response) -> int | Failure:
    refused = response.status == HTTPStatus.UNAUTHORIZED
    return Failure(FailureKind.CREDENTIAL_REJECTED) if refused else response.status


async def test_a_token_goes_to_no_origin_that_its_host_does_not_name(world: World) -> None:
    account = await world.link("ada", "gitlab")
    asked = len(world.host("gitlab").log.records)
    request = Request("GET", f"{by_name(world)}/api/v4/user")
    refused = await conversation(world, account).ask(request, status_of)
    assert refused == Failure(FailureKind.FOREIGN_LINK)
    assert len(world.host("gitlab").log.records) == asked


async def test_a_host_may_name_several_origins(world: World) -> None:
    account = await world.link("ada", "gitlab")
    host = TwoOrigins(host_settings(world.simulator, "gitlab"))
    host.elsewhere = by_name(world)
    one = world.services.host("gitlab")
    configured = replace(one, host=host)  # type: ignore[arg-type]  # hooks are sure to be there
    talk = conversation(world, account, configured=configured)
    for origin in host.api_urls:
        path = "user" if origin == host.api_url else "api/v4/user"
        assert await talk.ask(Request("GET", f"{origin}/{path}"), status_of) == 200


async def test_questions_of_one_conversation_force_one_refresh_between_them(world: World) -> None:
    account = await world.link("ada", "gitlab")
    talk = conversation(world, account)
    request = Request("GET", f"{talk.configured.host.api_url}/user")
    spoil(world, "gitlab", "api", "unauthorized", times=20)
    for _ in range(2):
        answer = await talk.ask(request, refused_by_401)
        assert answer == Failure(FailureKind.CREDENTIAL_REJECTED)
    assert refreshes(world, "gitlab") == 1


async def test_a_host_that_answers_and_asks_for_a_wait_is_left_alone_for_so_long(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    simulated, talk = world.host("gitlab"), conversation(world, account)
    simulated.faults.slow_down_seconds = 1_000
    asked = len(simulated.log.records)
    request = Request("GET", f"{talk.configured.host.api_url}/user")

    assert await talk.ask(request, status_of) == 200
    refused = await talk.ask(request, status_of)

    assert isinstance(refused, Failure)
    assert refused.kind is FailureKind.RATE_LIMITED
    assert len(simulated.log.records) == asked + 1
    known = "SELECT limited_until > clock_timestamp() FROM budget WHERE host = 'gitlab'"
    assert await column(world.services.database, known) == [True]


async def test_a_short_wait_that_a_good_answer_asks_for_is_kept_inside_the_run(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    world.host("gitlab").faults.slow_down_seconds = 1
    assert await sync(world, account) is RunState.SUCCEEDED
    assert (await last_run(world, account))["failure"] is None
    assert await column(world.services.database, "SELECT limited_until FROM budget") == []


async def test_a_conversation_ends_where_the_person_linked_again(world: World) -> None:
    """Every question of a run goes through one link: the new one belongs to the next run."""
    account = await world.link("ada", "gitlab")
    talk = conversation(world, account)
    first = await talk.token()
    await world.link("ada", "gitlab")
    with pytest.raises(TokenUnavailableError, match="linked_again"):
        await talk.token(rejected=first)


async def test_a_no_to_the_tokens_of_a_link_that_is_over_is_no_verdict(world: World) -> None:
    account = await world.link("ada", "gitlab")
    talk = conversation(world, account)
    await talk.token()
    again = await world.link("ada", "gitlab")
    old, _ = world.host("gitlab").tokens.of("ada")
    old.revoke()
    request = Request("GET", f"{talk.configured.host.api_url}/user")

    with pytest.raises(TokenUnavailableError, match="linked_again"):
        await talk.ask(request, refused_by_401)

    assert await read(world, account) == again
    assert refreshes(world, "gitlab") == 0


async def test_who_gets_no_answer_is_asked_three_times_and_not_for_ever(world: World) -> None:
    account = await world.link("ada", "gitlab")
    services = behind(world.services, "unsent", "lost_before", "lost_before")
    talk = conversation(replace(world, services=services), account)
    request = Request("GET", f"{talk.configured.host.api_url}/user")

    failed = await talk.ask(request, status_of)

    assert isinstance(failed, Failure)
    assert failed.kind is FailureKind.UNAVAILABLE
    assert talk.requests == 3
    assert await talk.ask(request, status_of) == 200


@dataclass(slots=True)
class OnceAway:
    """The same database, which is away at the first look whether somebody pressed."""

    real: Database
    looks: int = 0

    def begin(self) -> AbstractAsyncContextManager[Connection]:
        """A transaction."""
        return self.real.begin()

    @asynccontextmanager
    async def single(self) -> AsyncIterator[Connection]:
        """A statement of its own."""
        self.looks += 1
        if self.looks == 1:
            raise DatabaseUnavailableError(place="a test", cure="none")
        async with self.real.single() as connection:
            yield connection


async def test_a_wait_goes_on_while_nobody_presses_or_nobody_can_say_so(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await sync(world, account)
    durations = replace(world.services.durations, run_look=timedelta(milliseconds=20))
    talk = conversation(
        replace(world, services=replace(world.services, durations=durations)), account
    )
    request = Request("GET", f"{talk.configured.host.api_url}/user")
    assert await talk.ask(request, status_of) == 200
    database = OnceAway(world.services.database)
    talk.services = replace(talk.services, database=cast(Database, database))
    spoil(world, "gitlab", "api", "rate_limited")

    assert await talk.ask(request, _read_user(talk)) is True
    assert database.looks > 1


def _read_user(talk: Conversation) -> Callable[[Response], bool | Failure]:
    host = talk.configured.host

    def read(response: Response) -> bool | Failure:
        said = host.parse_identity(host.identity_ask(), response)
        return said if isinstance(said, Failure) else True

    return read


async def test_questions_that_were_refused_together_share_the_newer_token(world: World) -> None:
    account = await world.link("ada", "gitlab")
    talk = conversation(world, account)
    refused = await talk.token()
    newer = [await talk.token(rejected=refused) for _ in range(2)]
    assert [one.version for one in newer] == [refused.version + 1] * 2
    assert refreshes(world, "gitlab") == 1


async def test_a_token_without_an_end_is_not_read_anew_for_every_question(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await rows(world.services.database, "UPDATE account SET access_expires_at = NULL")
    talk = conversation(world, account)
    token = await talk.token()
    assert token.fresh_until is None
    assert await talk.token() is token


async def test_a_token_that_ends_while_the_budget_is_waited_for_is_not_sent(world: World) -> None:
    account = await world.link("ada", "gitlab")
    passed, real = [0.0], world.services.clock
    clock = replace(real, boottime=lambda: real.boottime() + sum(passed))
    services = replace(world.services, clock=clock)
    talk = conversation(replace(world, services=services), account)
    await talk.token()

    async def take() -> timedelta | None:
        """An hour goes by."""
        await expire(world, account)
        passed.append(3_600)
        return None

    talk.allowance.take = take  # type: ignore[method-assign]
    request = Request("GET", f"{talk.configured.host.api_url}/user")

    assert await talk.ask(request, refused_by_401) == 200
    assert talk.requests == 1
    assert refreshes(world, "gitlab") == 1
