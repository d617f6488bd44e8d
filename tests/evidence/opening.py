"""
The smallest scene: Ada may read one repository at GitLab, and both sources hold that.

What is decided here: nothing but how such a scene is set up. This module must not know what
a test makes of it.
"""

from collections.abc import Iterator

import pytest

from permsync.simulator.server import RunningSimulator
from tests.databases import FreshDatabase
from tests.evidence import places
from tests.evidence.bench import Bench, opened
from tests.evidence.scene import Scene
from tests.evidence.settling import drain
from tests.world import PUBLIC_URL


@pytest.fixture
def bench(database: FreshDatabase, simulator: RunningSimulator) -> Iterator[Bench]:
    """Return what every run stands on."""
    with opened(database, simulator) as ready:
        yield ready


@pytest.fixture
def scene(bench: Bench) -> Scene:
    """Return a scene where all jobs are done."""
    made = Scene(bench, places.build("gitlab", "github", public_url=PUBLIC_URL), fold_above=3)
    host = made.host(0)
    made.change(lambda: host.grant("ada", made.repository(host, 0).id))
    made.link(host, "ada")
    made.rounds()
    drain(made)
    assert len([key for key in made.now.rows if key.person == places.person_id(host, "ada")]) == 2
    return made


def lose(scene: Scene) -> None:
    """Ada may not read it any more."""
    host = scene.host(0)
    scene.change(lambda: host.revoke("ada", scene.repository(host, 0).id))
