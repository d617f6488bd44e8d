"""
The demo's processes: pretend hosts, service and worker over one embedded database.

What is decided here: what is started with what, and that every process started here is ended
here, the pretend hosts last. Logs go to files beside the data. This module must not know what
anybody does with the site, nor a setting of it.
"""

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep

from permsync.cli.demo.folder import prepare, service_key
from permsync.cli.demo.ports import held, port_of
from permsync.config import environment_without_settings
from permsync.simulator.samples import sample_hosts, webhook_secret_of

__all__ = ["DemoPlan", "EndedEarlyError", "Site", "running"]

START_SECONDS = 120
LOOK_AGAIN_SECONDS = 0.05
STOP_SECONDS = 30
_PERMSYNC = (sys.executable, "-m", "permsync")


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """
    Where the demo lives. A port of 0 is that of the folder's last start, else a free one.

    Tokens live ``access_seconds`` in a new world; an account is listed each ``sync_every``, or
    each ``sync_every_asked`` while its person is asked about. With ``hooks`` the hosts tell
    what happens there as well.
    """

    folder: Path
    port: int = 0
    simulator_port: int = 0
    access_seconds: float = 60
    sync_every: str = "6s"
    sync_every_asked: str = "3s"
    hooks: bool = False


@dataclass(frozen=True, slots=True)
class Process:
    """One of our commands, and the file that it talks into."""

    name: str
    log: Path
    popen: subprocess.Popen[bytes]

    def refuse_if_ended(self) -> None:
        """Raise ``EndedEarlyError`` where the process has ended by itself."""
        code = self.popen.poll()
        if code is not None:
            lines = self.log.read_text(errors="replace").strip().splitlines()
            raise EndedEarlyError(self, code=code, said=lines[-1] if lines else "it said nothing")


class EndedEarlyError(Exception):
    """One of the processes ended by itself, with this exit code and these last words."""

    def __init__(self, process: Process, *, code: int, said: str) -> None:
        super().__init__(
            f"{process.name} ended with code {code}: {said} (all of it: {process.log})"
        )
        self.code = code


@dataclass(frozen=True, slots=True)
class Site:
    """A running demo."""

    folder: Path
    permsync_url: str
    simulator_url: str
    service_key: str = field(repr=False)
    processes: tuple[Process, ...]

    def wait(self) -> None:
        """Wait for ever; a process that ends by itself is an ``EndedEarlyError``."""
        while True:
            for process in self.processes:
                process.refuse_if_ended()
            sleep(LOOK_AGAIN_SECONDS)

    def control(self, path: str, **arguments: object) -> None:
        """Pull a lever of the simulator."""
        _post(f"{self.simulator_url}/control/{path}", arguments)


@contextmanager
def running(plan: DemoPlan) -> Iterator[Site]:
    """
    Start everything, wait until it answers, and end it again.

    Raises ``AddressInUseError`` for a taken port, ``ConfigurationError`` for a folder that
    cannot be the demo's, and ``EndedEarlyError`` where a process does not come up.
    """
    sockets = held(plan.folder, asked=(plan.port, plan.simulator_port))
    started: list[Process] = []
    try:
        site = _start(plan, sockets, started)
        if plan.hooks:
            _hook_up(site)
        yield site
    finally:
        # The hosts last, so that a refresh on its way ends in a commit.
        _end(started[1:])
        _end(started[:1])
        for each in sockets:
            each.close()


def _start(
    plan: DemoPlan, sockets: tuple[socket.socket, socket.socket], started: list[Process]
) -> Site:
    """Everything up and answering; what was started is in the list, the hosts first."""
    permsync_url, simulator_url = (f"http://127.0.0.1:{port_of(each)}" for each in sockets)
    settings = prepare(
        plan.folder,
        port=port_of(sockets[0]),
        simulator_url=simulator_url,
        sync_every=plan.sync_every,
        sync_every_asked=plan.sync_every_asked,
    )

    def start(name: str, *arguments: str, on: socket.socket | None = None) -> Process:
        started.append(_started(name, plan.folder / f"{name}.log", *arguments, on=on))
        return started[-1]

    simulator = start(
        "simulator",
        *("--public-url", permsync_url),
        *("--keep", str(plan.folder / "simulator.json")),
        *("--access-seconds", str(plan.access_seconds)),
        on=sockets[1],
    )
    ours = ("--settings", str(settings))
    serve = start("serve", "--no-worker", *ours, on=sockets[0])
    # A refresh that meets no host yet would be one that failed.
    _await(f"{simulator_url}/control", simulator)
    worker = start("worker", *ours)
    _await(f"{permsync_url}/readyz", serve)
    return Site(
        folder=plan.folder,
        permsync_url=permsync_url,
        simulator_url=simulator_url,
        service_key=service_key(plan.folder),
        processes=(simulator, serve, worker),
    )


def _hook_up(site: Site) -> None:
    """Have every host tell permsync what happens there."""
    for name in sample_hosts():
        address = f"{site.permsync_url}/webhooks/{name}"
        site.control(f"{name}/add-hook", url=address, secret=webhook_secret_of(name))


def _started(name: str, log: Path, *arguments: str, on: socket.socket | None) -> Process:
    """
    One of our commands in a session of its own, so that Ctrl-C reaches only the demo.

    It listens on this socket, which is closed here: one that ends refuses, and keeps nobody.
    """
    handed = () if on is None else (on.fileno(),)
    with log.open("wb") as output:
        popen = subprocess.Popen(  # noqa: S603 - our own program
            [*_PERMSYNC, name, *arguments, *(f"--fd={fd}" for fd in handed)],
            env=environment_without_settings(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=handed,
        )
    if on is not None:
        on.close()
    return Process(name, log, popen)


def _end(processes: Sequence[Process]) -> None:
    for each in processes:
        each.popen.terminate()
    for each in processes:
        try:
            each.popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            each.popen.kill()
            each.popen.wait()


def _await(url: str, process: Process) -> None:
    """Wait until the address answers 200; a process that ends first is an error."""
    for _ in range(int(START_SECONDS / LOOK_AGAIN_SECONDS)):
        try:
            with urllib.request.urlopen(url):
                return
        except (urllib.error.URLError, ConnectionError):
            process.refuse_if_ended()
            sleep(LOOK_AGAIN_SECONDS)
    raise EndedEarlyError(process, code=0, said=f"it did not answer in {START_SECONDS} s")


def _post(url: str, arguments: Mapping[str, object]) -> None:
    request = urllib.request.Request(
        url, data=json.dumps(arguments).encode(), headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request):
        return
