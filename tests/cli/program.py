"""
The program as people run it: a process with arguments, an environment, two streams and a code.

What is decided here: processes are forked from one that has read the program's code already,
because reading it again for every command would take most of the suite's time. The code that
runs is what ``permsync`` starts with, and nothing of a test's process is in it.
``start`` is for those that go on until they are told to stop: those are run by the interpreter.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from json import loads
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from permsync.cli import main

PATIENCE_SECONDS = 120
LOOK_AGAIN_SECONDS = 0.1
# What a program sees of the machine here; nothing of ours is in it.
PLAIN = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["permsync.cli"])


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as a program reads it."""
        return loads(self.out)


def until(met: Callable[[], object]) -> None:
    """Look again until it is so; raises ``AssertionError`` where patience ends."""
    give_up_at = monotonic() + PATIENCE_SECONDS
    while not met():
        assert monotonic() < give_up_at
        sleep(LOOK_AGAIN_SECONDS)


def permsync(*arguments: str, folder: Path | None = None, **environ: str) -> Ended:
    """Run one command to its end, in ``folder`` if one is named."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        out, err = place / "out", place / "err"
        process = _FORKS.Process(
            target=_become,
            args=(arguments, folder or place, {**PLAIN, **environ}, out, err),
        )
        process.start()
        process.join(PATIENCE_SECONDS)
        assert process.exitcode is not None, f"{arguments} does not end: {err.read_text()}"
        return Ended(process.exitcode, out.read_text(), err.read_text())


def _become(
    arguments: tuple[str, ...], folder: Path, environ: Mapping[str, str], out: Path, err: Path
) -> None:
    for number, file in ((1, out), (2, err)):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["permsync", *arguments]
    main()


@contextmanager
def started(
    *arguments: str, log: Path, folder: Path | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a command that goes on; what it says is in ``log``, and it is gone afterwards."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "permsync", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=PLAIN,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
