"""A worker tells how it is, and what it counted, on a port of its own where one is named."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from permsync.cli.listening import listen
from tests.cli.program import permsync, started, until
from tests.journeys.places import own_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """Settings and a key, and a port that is free."""
    with own_folder() as place:
        made = permsync("init", str(place))
        assert made.code == 0, made.err
        yield place


def _with_port(folder: Path, port: int) -> tuple[str, str]:
    """The settings with this port for workers."""
    settings = folder / "permsync.toml"
    text = settings.read_text().replace("# [worker]", "[worker]")
    before, _, after = text.partition("[worker]\n")
    settings.write_text(
        f'log_format = "json"\ndata_folder = "data"\n{before}[worker]\nport = {port}\n{after}'
    )
    return ("--settings", str(settings))


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    """Where a worker says that it answers."""
    log = folder / "log"
    with started("worker", *_with_port(folder, 0), log=log):
        until(lambda: "service_started" in log.read_text())
        line = next(one for one in log.read_text().splitlines() if "service_started" in one)
        yield f"http://{json.loads(line)['address']}"


def test_a_worker_answers_at_its_own_port_and_nothing_else_is_there(folder: Path) -> None:
    with _address(folder) as address:
        for path in ("/healthz", "/readyz", "/metrics"):
            with urllib.request.urlopen(address + path) as answer:
                assert answer.status == 200
                told = answer.read().decode()
        assert "# HELP permsync_refresh_attempts" in told
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{address}/v1/accounts")


def test_a_taken_port_is_named_and_nothing_starts(folder: Path) -> None:
    with listen("127.0.0.1", 0, cure="") as taken:
        port = taken.getsockname()[1]
        ended = permsync("worker", *_with_port(folder, port))
    assert ended.code == 73
    assert f"127.0.0.1:{port}" in ended.err
    assert "PERMSYNC_WORKER__PORT" in ended.err
    assert not (folder / "data").exists()
