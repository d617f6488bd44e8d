"""
The demo's folder: what makes a second start go on where the first one ended.

What is decided here: the demo's settings (short durations, so that a day takes seconds), that
they are written anew at each start while keys and ports stay, and that nothing in a folder
that is not a demo's is touched. This module must not know a process.
"""

import asyncio
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from permsync.app import open_services
from permsync.config import load_settings
from permsync.config.private_files import write_private
from permsync.errors import ConfigurationError
from permsync.flows.authenticate_key import Scope, create_key
from permsync.simulator.samples import (
    client_id_of,
    client_secret_of,
    sample_hosts,
    webhook_secret_of,
)
from permsync.vault import new_sealing_key

DURATIONS = {
    "refresh_margin": "2s",
    "refresh_retry_first": "500ms",
    "refresh_retry_second": "500ms",
    "refresh_retry_third": "500ms",
    "refresh_backoff": "1s",
    "sweep_every": "1s",
    "settle": "500ms",
    "api_backoff": "100ms",
    "sync_backoff": "500ms",
    "webhook_backoff": "1s",
    "schedule_every": "500ms",
    "evidence_soft": "5m",
    "evidence_hard": "30m",
    "page_look": "2s",
    "page_look_running": "500ms",
    "job_heartbeat": "1s",
    "job_stalled": "5s",
    "job_poll": "500ms",
    "database_silent": "10s",
}
# How a settings file of ours begins. Any other one is somebody's own and is left alone.
MARK = "# Written by permsync demo at each start; an edit here is overwritten.\n"
SETTINGS = "permsync.toml"


def default_folder() -> Path:
    """
    Beside the clone, where `make clean` finds it.

    Root's database runs as another user, who cannot enter root's home.
    """
    return Path("/var/lib/permsync/demo") if os.geteuid() == 0 else Path(".demo").resolve()


def ports_of(folder: Path) -> tuple[int, int] | None:
    """
    Where permsync and the pretend hosts listened the last time, None in a new folder.

    Raises ``ConfigurationError`` where the settings in it are not a demo's.
    """
    file = folder / SETTINGS
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    if not text.startswith(MARK):
        raise ConfigurationError(
            key="--folder",
            place=str(file),
            cure="these are not the settings of a demo; name another folder",
        )
    found = tomllib.loads(text)
    return found["listen"]["port"], urlsplit(found["oidc"]["issuer"]).port or 0


def prepare(
    folder: Path,
    *,
    port: int,
    simulator_url: str,
    sync_every: str = "6s",
    sync_every_asked: str = "3s",
) -> Path:
    """
    Make the folder where needed, write settings and a sealing key, and name the settings.

    Raises ``ConfigurationError`` where the folder cannot be written to.
    """
    try:
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o711)  # the database's own user passes through, and reads nothing
    except OSError as error:
        raise ConfigurationError(
            key="--folder", place=str(folder), cure=f"name another folder: {error.strerror}"
        ) from error
    key_file, settings = folder / "sealing-keys", folder / SETTINGS
    if not key_file.exists():
        write_private(key_file, new_sealing_key() + "\n")
    settings.unlink(missing_ok=True)
    spans = {"sync_every": sync_every, "sync_every_asked": sync_every_asked, **DURATIONS}
    write_private(settings, _settings_text(port, simulator_url, spans))
    return settings


def service_key(folder: Path) -> str:
    """The key of the last start, or a new one."""
    file = folder / "service-key"
    if not file.exists():
        write_private(file, asyncio.run(_new_service_key(folder / SETTINGS)) + "\n")
    return file.read_text(encoding="utf-8").strip()


async def _new_service_key(settings: Path) -> str:
    async with open_services(load_settings(file=settings, environ={})) as services:
        secret, _ = await create_key(services, name="demo", scopes=[Scope.ADMIN], lives_in=None)
    return secret


def _settings_text(port: int, simulator_url: str, spans: Mapping[str, str]) -> str:
    lines = [
        f'{MARK}public_url = "http://127.0.0.1:{port}"',
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
        *(f'{name} = "{span}"' for name, span in spans.items()),
    ]
    for name, (kind, sample) in sample_hosts().items():
        lines += [
            f"[hosts.{name}]",
            f'kind = "{kind}"',
            f'base_url = "{simulator_url}{sample.path}"',
            f'client_id = "{client_id_of(name)}"',
            f'client_secret = "{client_secret_of(name)}"',
            f'webhook_secrets = ["{webhook_secret_of(name)}"]',
            f"[hosts.{name}.options]",
            *(f'{key} = "{option}"' for key, option in sample.options.items()),
        ]
    return "\n".join(lines) + "\n"
