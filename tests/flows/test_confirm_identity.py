"""Who a token belongs to, where a host does not say it or is away before it could."""

from dataclasses import replace

from permsync.codehost import Ask, Failure, FailureKind, Identity, Response
from permsync.flows.confirm_identity import confirm_identity
from permsync.flows.deps import ConfiguredHost
from permsync.flows.introduce import Introduction
from permsync.hosts.gitlab import Host
from tests.flows.faulty_doors import behind
from tests.world import World, host_settings


class NeverSays(Host):
    """A host file that has one more question whatever was answered."""

    def parse_identity(self, ask: Ask, response: Response) -> Identity | Ask | Failure:  # noqa: ARG002
        return ask


async def introduce(world: World, configured: ConfiguredHost) -> Failure:
    """Ask with the token that Ada linked with; it may not become known whose it is."""
    (pair,) = world.host("gitlab").tokens.of("ada")
    world.host("gitlab").log.records.clear()
    introduction = Introduction(world.services, configured, access_token=pair.access)
    confirmed = await confirm_identity(introduction)
    assert isinstance(confirmed, Failure)
    return confirmed


async def test_questions_without_an_end_are_not_put_for_ever(world: World) -> None:
    await world.link("ada", "gitlab")
    host = NeverSays(host_settings(world.simulator, "gitlab"))
    configured = replace(world.services.host("gitlab"), host=host)  # type: ignore[arg-type]
    assert (await introduce(world, configured)).kind is FailureKind.UNREADABLE
    assert len(world.host("gitlab").log.to_path("/user")) == 4


async def test_a_host_that_is_not_there_said_nothing(world: World) -> None:
    await world.link("ada", "gitlab")
    away = replace(world, services=behind(world.services, "unsent"))
    found = await introduce(away, world.services.host("gitlab"))
    assert found.kind is FailureKind.UNAVAILABLE
