"""Gitea's place in the sample world."""

import pytest

from permsync.simulator.server import RunningSimulator
from tests.simulator.visitor import Visitor


@pytest.fixture
def gitea(simulator: RunningSimulator) -> Visitor:
    return Visitor(simulator, "gitea")
