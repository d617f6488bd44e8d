"""The pretend Azure DevOps of the sample world, seen through its one client."""

import pytest

from permsync.simulator.server import RunningSimulator
from tests.simulator.visitor import Visitor


@pytest.fixture
def azure(simulator: RunningSimulator) -> Visitor:
    """Return a visitor who has not signed in."""
    return Visitor(simulator, "azure")
