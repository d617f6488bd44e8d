"""
A worker that is killed in the middle of a delivery: another one carries it out, once.

Real processes over one embedded database; a trigger in the database holds the delivery up, so
that there is a middle. This module must not know how a delivery is marked.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from permsync.cli.demo.site import DemoPlan, Site, running
from tests.journeys.places import own_folder
from tests.journeys.test_webhooks import OWNERS, PERSON, check, control, linked, stored, until

HELD_UP = """
CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(600);
    RETURN NEW;
END $$
"""
TRIGGER = "CREATE TRIGGER held BEFORE INSERT ON fence FOR EACH ROW EXECUTE FUNCTION hold_up()"
IN_THE_MIDDLE = """
SELECT pid FROM pg_stat_activity
WHERE query LIKE 'INSERT INTO fence%' AND state = 'active' AND wait_event = 'PgSleep'
"""
GONE = """
SELECT change.at FROM change JOIN repository ON repository.id = change.repository_id
WHERE change.kind = 'grant' AND change.became IS NULL AND repository.full_name = :name
"""
WORKER = (sys.executable, "-m", "permsync", "worker")


@pytest.fixture
def site() -> Iterator[Site]:
    """One site whose hosts tell what happens, and whose listings are rare."""
    with own_folder() as folder:
        plan = DemoPlan(
            folder=folder,
            access_seconds=3_600,
            sync_every="20m",
            sync_every_asked="20m",
            hooks=True,
        )
        with running(plan) as started:
            yield started


def test_a_killed_workers_delivery_is_carried_out_by_another_and_once(site: Site) -> None:
    host, name = "gitlab", f"{OWNERS['gitlab']}/api-00"
    user = linked(site, host)
    for statement in (HELD_UP, TRIGGER):
        stored(site, statement)
    control(site, f"{host}/leave", person=PERSON, namespace=OWNERS[host])
    until(lambda: stored(site, IN_THE_MIDDLE))
    os.kill(site.processes[-1].popen.pid, signal.SIGKILL)
    stored(site, f"SELECT pg_terminate_backend(pid) FROM ({IN_THE_MIDDLE}) AS held")
    assert check(site, user, host, name)["allowed"]  # nothing of it was committed
    assert stored(site, "SELECT 1 FROM webhook_delivery WHERE waits")

    stored(site, "DROP TRIGGER held ON fence")
    successor = subprocess.Popen(
        [*WORKER, "--settings", str(site.folder / "permsync.toml")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: not check(site, user, host, name)["allowed"])
        until(lambda: not stored(site, "SELECT 1 FROM webhook_delivery WHERE waits"))
        assert len(stored(site, GONE, name=name)) == 1
    finally:
        successor.terminate()
        successor.wait()
