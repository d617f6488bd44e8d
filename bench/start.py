"""
How long from the command to the first ready answer, and how much memory an idle service holds.

It prints a table and, with ``--json FILE``, the same figures. It must not be read as a promise:
the machine is shared. The budget for memory is 150 MB on the Python side (DESIGN 9).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from permsync.config.initial import initial_settings_text
from permsync.config.private_files import write_private
from permsync.vault import new_sealing_key

PORT = 18_080
PATIENCE_SECONDS = 60
MEGABYTE = 1 << 20


@contextmanager
def served(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """A running service, and the seconds until it was ready."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "permsync", "serve", "--settings", str(folder / "permsync.toml")],
        stderr=subprocess.DEVNULL,
    )
    try:
        while time.perf_counter() - began < PATIENCE_SECONDS:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz"):
                    break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.01)
        yield process, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()


def measure(idle_seconds: float) -> dict[str, float]:
    """First start, later start, and memory after a while of nothing."""
    with tempfile.TemporaryDirectory(prefix="permsync-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        address = f"http://127.0.0.1:{PORT}"
        text = initial_settings_text(public_url=address, sealing_keys_file="sealing-keys")
        text = text.replace("# [listen]", f'data_folder = "data"\n[listen]\nport = {PORT}', 1)
        write_private(folder / "permsync.toml", text)
        write_private(folder / "sealing-keys", new_sealing_key())
        with served(folder) as (_, first):
            pass
        with served(folder) as (process, later):
            time.sleep(idle_seconds)
            memory = psutil.Process(process.pid).memory_info().rss / MEGABYTE
    return {"first_start_s": first, "later_start_s": later, "idle_memory_mb": memory}


def main() -> None:
    """Measure, print, and write JSON where a file is named."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--idle-seconds", type=float, default=5)
    chosen = arguments.parse_args()
    figures = measure(chosen.idle_seconds)
    for figure, value in figures.items():
        print(f"{figure:16} {value:8.2f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2))


main()
