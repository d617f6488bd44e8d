"""
The demo's processes: pretend hosts, service and worker over one embedded database.

What is decided here: the demo's settings (short durations, so that a day takes seconds),
and that every process started here is ended here. Logs go to files beside the data. This
module must not know what anybody does with the site.
"""

import asyncio
import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep

from permsync.app import open_services
from permsync.config import from_process
from permsync.config.private_files import write_private
from permsync.errors import AddressInUseError, DatabaseUnavailableError
from permsync.flows.authenticate_key import Scope, create_key
from permsync.simulator.samples import client_id_of, client_secret_of
from permsync.vault import new_sealing_key

HOSTS: dict[str, tuple[str, str, dict[str, str]]] = {
    "github": ("github", "/github", {"app": "github_app"}),
    "gitlab": ("gitlab", "/gitlab", {}),
    "bitbucket": ("bitbucket_cloud", "/bitbucket", {}),
    "bitbucket-dc": ("bitbucket_datacenter", "/bitbucket-dc/bitbucket", {}),
}
DURATIONS = {
    "refresh_margin": "2s",
    "refresh_retry_first": "500ms",
    "refresh_retry_second": "500ms",
    "refresh_retry_third": "500ms",
    "refresh_backoff": "1s",
    "sweep_every": "1s",
    "settle": "500ms",
    "api_backoff": "100ms",
    "sync_every": "6s",
    "sync_every_asked": "3s",
    "sync_backoff": "500ms",
    "schedule_every": "500ms",
    "evidence_soft": "5m",
    "evidence_hard": "30m",
    "job_heartbeat": "1s",
    "job_stalled": "5s",
    "job_poll": "500ms",
}
START_SECONDS = 60
LOOK_AGAIN_SECONDS = 0.05
STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """Where the demo lives. A port of 0 is a free one; tokens live ``access_seconds``."""

    folder: Path
    port: int = 0
    simulator_port: int = 0
    access_seconds: float = 60


@dataclass(frozen=True, slots=True)
class Site:
    """A running demo."""

    folder: Path
    permsync_url: str
    simulator_url: str
    service_key: str = field(repr=False)
    processes: tuple[subprocess.Popen[bytes], ...]

    def wait(self) -> None:
        """Wait until one of the processes ends by itself."""
        while all(each.poll() is None for each in self.processes):
            sleep(LOOK_AGAIN_SECONDS)

    def control(self, path: str, **arguments: object) -> None:
        """Pull a lever of the simulator."""
        _post(f"{self.simulator_url}/control/{path}", arguments)


@contextmanager
def running(plan: DemoPlan) -> Iterator[Site]:
    """
    Start everything, wait until it answers, and end it again.

    Raises ``AddressInUseError`` for a taken port and ``DatabaseUnavailableError`` where a
    process does not come up, with the log to look into.
    """
    ports = [_free_port(port) for port in (plan.port, plan.simulator_port)]
    permsync_url, simulator_url = (f"http://127.0.0.1:{port}" for port in ports)
    settings = _write_settings(plan.folder, ports[0], simulator_url)
    with ExitStack() as stack:

        def start(name: str, *arguments: str) -> subprocess.Popen[bytes]:
            return stack.enter_context(_started(plan.folder / f"{name}.log", *arguments))

        named = ("--settings", str(settings))
        url = ("--public-url", permsync_url)
        simulator = start("simulator", "simulator", "--port", str(ports[1]), *url)
        serve = start("serve", "serve", "--no-worker", *named)
        _await(f"{simulator_url}/control", simulator, plan.folder / "simulator.log")
        _continue(stack, plan.folder / "simulator.json", simulator_url)
        for host in HOSTS:
            lifetimes = {"access_seconds": plan.access_seconds}
            _post(f"{simulator_url}/control/{host}/set-lifetimes", lifetimes)
        # Not before the pretend hosts are what they were: its first refresh would be refused.
        worker = start("worker", "worker", *named)
        _await(f"{permsync_url}/readyz", serve, plan.folder / "serve.log")
        yield Site(
            folder=plan.folder,
            permsync_url=permsync_url,
            simulator_url=simulator_url,
            service_key=_service_key(plan.folder, settings),
            processes=(simulator, serve, worker),
        )


def _write_settings(folder: Path, port: int, simulator_url: str) -> Path:
    """Settings of the demo, written anew at each start; the key stays."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # the database's own user passes through, and reads nothing
    key_file, settings = folder / "sealing-keys", folder / "permsync.toml"
    if not key_file.exists():
        write_private(key_file, new_sealing_key() + "\n")
    settings.unlink(missing_ok=True)
    write_private(settings, _settings_text(port, simulator_url))
    return settings


def _settings_text(port: int, simulator_url: str) -> str:
    lines = [
        f'public_url = "http://127.0.0.1:{port}"',
        'data_folder = "data"',
        'sealing_keys_file = "sealing-keys"',
        'log_format = "json"',
        "[listen]",
        f"port = {port}",
        "[oidc]",
        f'issuer = "{simulator_url}/sso"',
        f'client_id = "{client_id_of("sso")}"',
        f'client_secret = "{client_secret_of("sso")}"',
        "[durations]",
        *(f'{name} = "{span}"' for name, span in DURATIONS.items()),
    ]
    for name, (kind, path, options) in HOSTS.items():
        lines += [
            f"[hosts.{name}]",
            f'kind = "{kind}"',
            f'base_url = "{simulator_url}{path}"',
            f'client_id = "{client_id_of(name)}"',
            f'client_secret = "{client_secret_of(name)}"',
            f"[hosts.{name}.options]",
            *(f'{key} = "{option}"' for key, option in options.items()),
        ]
    return "\n".join(lines) + "\n"


def _continue(stack: ExitStack, state: Path, simulator_url: str) -> None:
    """Bring the pretend hosts back to where the last start left them, and keep them at the end."""
    if state.exists():
        _post(f"{simulator_url}/control/reset", {"state": json.loads(state.read_text())})

    def keep() -> None:
        with urllib.request.urlopen(f"{simulator_url}/control/state") as answer:
            world = answer.read().decode()
        state.unlink(missing_ok=True)
        write_private(state, world)

    stack.callback(keep)


def _service_key(folder: Path, settings: Path) -> str:
    """The key of the last start, or a new one."""
    file = folder / "service-key"
    if not file.exists():
        write_private(file, asyncio.run(_new_service_key(settings)) + "\n")
    return file.read_text().strip()


async def _new_service_key(settings: Path) -> str:
    async with open_services(from_process(settings)) as services:
        secret, _ = await create_key(services, name="demo", scopes=[Scope.ADMIN], lives_in=None)
    return secret


_PERMSYNC = (sys.executable, "-m", "permsync")


@contextmanager
def _started(log: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of our commands in a session of its own, so that Ctrl-C reaches only the demo."""
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [*_PERMSYNC, *arguments], stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise AddressInUseError(
                place=f"127.0.0.1:{port}",
                cure=f"{error.strerror}; stop the other program, or name other ports with"
                " --port and --simulator-port",
            ) from error
        return int(probe.getsockname()[1])


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the address answers 200; a process that ends first is the answer."""
    for _ in range(int(START_SECONDS / LOOK_AGAIN_SECONDS)):
        try:
            with urllib.request.urlopen(url):
                return
        except (urllib.error.URLError, ConnectionError):
            if process.poll() is not None:
                break
            sleep(LOOK_AGAIN_SECONDS)
    said = log.read_text(errors="replace").strip().splitlines()
    raise DatabaseUnavailableError(
        place=" ".join(str(each) for each in process.args[3:4])
        if isinstance(process.args, list)
        else "demo",
        cure=f"it did not come up: {said[-1] if said else 'it said nothing'}",
    )


def _post(url: str, arguments: Mapping[str, object]) -> None:
    request = urllib.request.Request(
        url, data=json.dumps(arguments).encode(), headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request):
        return
