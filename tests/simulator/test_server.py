"""A served world answers at once, may be replaced, and its server stops cleanly."""

import http.client
import signal
import socket
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest

from permsync.simulator.faults import NextAnswer
from permsync.simulator.kinds import roles
from permsync.simulator.samples import sample_world
from permsync.simulator.server import RunningSimulator, serve
from permsync.simulator.world import World
from tests.simulator.visitor import ask


def test_the_url_is_on_this_machine_and_hosts_are_below_it(simulator: RunningSimulator) -> None:
    assert simulator.url.startswith("http://127.0.0.1:")
    assert simulator.host_url("bitbucket-dc") == f"{simulator.url}/bitbucket-dc/bitbucket"


def test_another_world_can_be_shown_at_the_same_address(server: RunningSimulator) -> None:
    world = World(roles())
    world.add_host("only", kind="gitlab")
    server.show(world)
    assert server.world is world
    assert ask("GET", f"{server.url}/only/api/v4/user").status == 401
    assert ask("GET", f"{server.url}/github/api/v3/user").status == 404


def test_nothing_listens_after_the_block_even_when_a_request_hangs() -> None:
    before = threading.active_count()
    with serve(sample_world()) as running:
        gitlab = running.world.hosts["gitlab"]
        gitlab.faults.next_answers.append(NextAnswer("api", "hang", seconds=60))
        waiting = http.client.HTTPConnection(urlsplit(running.url).netloc, timeout=20)
        waiting.request("GET", "/gitlab/api/v4/user")
        address = urlsplit(running.url)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((address.hostname, address.port), timeout=5)
    waiting.close()
    assert threading.active_count() == before


def test_the_world_that_was_served_first_is_what_reset_returns_to() -> None:
    world = World(roles())
    world.add_host("only", kind="gitlab")
    with serve(world) as running:
        running.world.hosts["only"].faults.outage = True
        ask("POST", f"{running.url}/control/reset", "{}")
        assert not running.world.hosts["only"].faults.outage


def test_a_blocking_run_answers_until_the_process_is_told_to_stop() -> None:
    program = (
        "import socket\n"
        "from permsync.simulator.samples import sample_world\n"
        "from permsync.simulator.server import run\n"
        "run(sample_world(), socket.socket(fileno={fd}))\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, fd = listener.getsockname()[1], listener.fileno()
        command = [sys.executable, "-c", program.format(fd=fd)]
        process = subprocess.Popen(command, pass_fds=(fd,))
    with process:
        try:
            assert ask("GET", f"http://127.0.0.1:{port}/control").status == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) in {0, -signal.SIGTERM}
        finally:
            process.kill()
