"""One question in a person's name: where the token may go, and where it never does."""

from dataclasses import replace

from permsync.codehost import Failure, FailureKind, Request, Response
from permsync.flows.ask_host import Conversation
from permsync.flows.deps import ConfiguredHost
from permsync.hosts.gitlab import Host
from permsync.model import Account
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
