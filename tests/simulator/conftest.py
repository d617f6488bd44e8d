"""
One simulator server for the session; every test gets a fresh sample world at its address.

Tests that need another server start one themselves.
"""

from collections.abc import Iterator

import pytest

from permsync.simulator.kinds import roles
from permsync.simulator.samples import sample_world
from permsync.simulator.server import RunningSimulator, serve
from permsync.simulator.world import World
from tests.simulator.visitor import PUBLIC_URL, Visitor


@pytest.fixture(scope="session")
def server() -> Iterator[RunningSimulator]:
    with serve(World(roles())) as running:
        yield running


@pytest.fixture
def simulator(server: RunningSimulator) -> RunningSimulator:
    server.show(sample_world(public_url=PUBLIC_URL))
    return server


@pytest.fixture
def world(simulator: RunningSimulator) -> World:
    return simulator.world


@pytest.fixture
def github(simulator: RunningSimulator) -> Visitor:
    return Visitor(simulator, "github")


@pytest.fixture
def gitlab(simulator: RunningSimulator) -> Visitor:
    return Visitor(simulator, "gitlab")


@pytest.fixture
def cloud(simulator: RunningSimulator) -> Visitor:
    return Visitor(simulator, "bitbucket")


@pytest.fixture
def datacenter(simulator: RunningSimulator) -> Visitor:
    return Visitor(simulator, "bitbucket-dc")


@pytest.fixture
def sso(simulator: RunningSimulator) -> Visitor:
    return Visitor(simulator, "sso")
