"""
The demo as a stranger runs it: real processes, Ctrl-C, and a second start.

This module must not know what a process of the demo does.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psutil
import pytest

from permsync.cli.demo.visitor import Visitor
from tests.cli.program import PLAIN, permsync
from tests.journeys.places import own_folder

PATIENCE_SECONDS = 120
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo in a process of its own, and what it says."""

    popen: "subprocess.Popen[bytes]"
    folder: Path
    log: Path

    def said(self) -> str:
        return self.log.read_text()

    def until(self, words: str) -> str:
        """Everything it has said once these words are among it."""
        give_up_at = monotonic() + PATIENCE_SECONDS
        while words not in self.said():
            assert self.popen.poll() is None, self.said()
            assert monotonic() < give_up_at, self.said()
            sleep(0.05)
        return self.said()

    def addresses(self) -> list[str]:
        """Where permsync and the pretend hosts are, once they answer."""
        return ADDRESS.findall(self.until("Ctrl-C ends everything"))[:2]

    def family(self) -> list[psutil.Process]:
        """Its processes, the database's that left it included."""
        children = psutil.Process(self.popen.pid).children(recursive=True)
        return [*children, *(each for each in psutil.process_iter() if _is_of(each, self.folder))]

    def interrupt(self) -> int:
        """Press Ctrl-C, twice as the impatient do; the exit code."""
        self.popen.send_signal(signal.SIGINT)
        sleep(0.2)
        self.popen.send_signal(signal.SIGINT)
        return self.popen.wait(PATIENCE_SECONDS)

    def accounts(self) -> list[dict[str, Any]]:
        """What a program is told that asks with the key in the folder."""
        request = urllib.request.Request(f"{self.addresses()[0]}/v1/accounts")
        key = (self.folder / "service-key").read_text().strip()
        request.add_header("authorization", f"Bearer {key}")
        with urllib.request.urlopen(request) as answer:
            found: list[dict[str, Any]] = json.load(answer)["accounts"]
        return found


def _is_of(process: psutil.Process, folder: Path) -> bool:
    """Whether it was told of the folder or works in it, as PostgreSQL does."""
    try:
        return str(folder) in " ".join([process.cwd(), *process.cmdline()])
    except psutil.Error:
        return False


@contextmanager
def _started(folder: Path, *arguments: str, **environ: str) -> Iterator[Demo]:
    log = folder.parent / "said"
    with log.open("wb") as output:
        popen = subprocess.Popen(
            [sys.executable, "-m", "permsync", "demo", "--folder", str(folder), *arguments],
            stdout=output,
            stderr=output,
            env={**PLAIN, **environ},
        )
    try:
        yield Demo(popen, folder, log)
    finally:
        popen.send_signal(signal.SIGTERM)
        popen.wait(PATIENCE_SECONDS)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that is not there yet."""
    with own_folder() as folder:
        yield folder / "demo"


def _sockets(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_socket()]


def _living(processes: list[psutil.Process]) -> list[psutil.Process]:
    return psutil.wait_procs(processes, timeout=5)[1]


def test_ctrl_c_leaves_only_the_folder_and_a_second_start_goes_on(place: Path) -> None:
    with _started(place, "--port", "0", "--simulator-port", "0") as demo:
        permsync_url, simulator_url = demo.addresses()
        ada = Visitor(permsync_url, person="ada")
        ada.sign_in()
        ada.link("gitlab")
        account = demo.accounts()[0]
        family = demo.family()
        assert demo.interrupt() == 0
        assert demo.said().endswith("Ended.\n")
    assert len(family) > 4
    assert not _living(family)
    assert not _sockets(place)
    assert set(place.parent.iterdir()) == {place, demo.log}

    with _started(place) as again:
        assert again.addresses() == [permsync_url, simulator_url]
        assert ada.me()["user"]["name"] == "Ada Lovelace"
        assert [each["id"] for each in again.accounts()] == [account["id"]]
        assert _run_after(again, account["last_run"])["state"] == "succeeded"


def _run_after(demo: Demo, before: dict[str, Any] | None) -> dict[str, Any]:
    """The first run that has ended since: its token is one that the hosts still know."""
    give_up_at = monotonic() + PATIENCE_SECONDS
    seen = before["id"] if before else None
    while True:
        run: dict[str, Any] | None = demo.accounts()[0]["last_run"]
        if run and run["id"] != seen and run["state"] != "running":
            return run
        assert monotonic() < give_up_at
        sleep(0.1)


def test_ctrl_c_in_the_middle_of_the_start_leaves_no_process(place: Path) -> None:
    with _started(place, "--port", "0", "--simulator-port", "0") as demo:
        give_up_at = monotonic() + PATIENCE_SECONDS
        while not any(_is_of(each, place / "data") for each in psutil.process_iter()):
            assert monotonic() < give_up_at
            sleep(0.02)
        family = demo.family()
        assert demo.interrupt() == 0
    assert family
    assert not _living(family)
    assert not _sockets(place)


def test_a_closed_terminal_ends_it_as_well(place: Path) -> None:
    with _started(place, "--port", "0", "--simulator-port", "0") as demo:
        demo.addresses()
        family = demo.family()
        demo.popen.send_signal(signal.SIGHUP)
        assert demo.popen.wait(PATIENCE_SECONDS) == 0
    assert not _living(family)


def test_a_process_that_ends_by_itself_is_named_with_its_code(place: Path) -> None:
    with _started(place, "--port", "0", "--simulator-port", "0") as demo:
        demo.addresses()
        family = demo.family()
        worker = next(each for each in family if "worker" in each.cmdline())
        os.kill(worker.pid, signal.SIGKILL)
        assert demo.popen.wait(PATIENCE_SECONDS) == 70
        assert "permsync: worker ended with code -9" in demo.said()
    assert not _living(family)


def test_settings_in_the_environment_are_not_the_demos(place: Path) -> None:
    environ = {"PERMSYNC_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/somebodys"}
    with _started(place, "--port", "0", "--simulator-port", "0", **environ) as demo:
        assert demo.accounts() == []


def test_a_taken_port_is_a_message_with_a_code_of_its_own(place: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = str(other.getsockname()[1])
        ended = permsync("demo", "--port", taken, "--folder", str(place))
    assert ended.code == 73
    assert f"127.0.0.1:{taken}" in ended.err
    assert "--simulator-port" in ended.err
    assert not place.exists()


def test_the_settings_of_somebody_elses_permsync_are_left_alone(place: Path) -> None:
    place.mkdir()
    (place / "permsync.toml").write_text('public_url = "https://permsync.example"\n')
    ended = permsync("demo", "--folder", str(place))
    assert ended.code == 78
    assert "not the settings of a demo" in ended.err
    assert [each.name for each in place.iterdir()] == ["permsync.toml"]
