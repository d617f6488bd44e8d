"""
Sealing keys that a program hands out, such as the client of a key management service.

What is decided here: it runs without a shell, without our standard input, for a limited
time, and nothing that it says but the keys is kept: neither its complaints nor its arguments
are quoted, either may hold a secret. This module must not know what a key is.
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from permsync.config.places import Sources
from permsync.config.problems import Problem

COMMAND, KEYS, KEYS_FILE = "sealing_keys_command", "sealing_keys", "sealing_keys_file"
MOST_BYTES = 64 * 1024
BY_HAND = "run it by hand to see what it says, which may be secret and is not kept"


def resolve_command(sources: Sources, *, patience: timedelta) -> Iterator[Problem]:
    """Put the keys that the command prints where the others would stand, if there is one."""
    written = sources.tree.get(COMMAND)
    if written is None:
        return
    if KEYS in sources.tree:
        several = f"keep one of {KEYS}, {KEYS_FILE} and {COMMAND}; more than one is set"
        yield Problem(path=(COMMAND,), cure=several)
        return
    place = sources.place_of((COMMAND,))
    sources.places[(KEYS,)] = place
    try:
        sources.tree[KEYS] = read_command(_arguments(written), folder=place.folder, in_=patience)
    except ValueError as error:
        yield Problem(path=(COMMAND,), cure=str(error))
        # A stand-in, so that the missing keys are not reported as well.
        sources.tree[KEYS] = ""


def _arguments(written: object) -> Sequence[str]:
    """A list, or the words of a variable."""
    words = written.split() if isinstance(written, str) else written
    if not isinstance(words, list) or not words or not all(isinstance(one, str) for one in words):
        raise ValueError("write it as a list of texts: the program and its arguments")
    return words


def read_command(arguments: Sequence[str], *, folder: Path, in_: timedelta) -> str:
    """
    What the program prints; a relative path to it starts from ``folder``.

    Raises ``ValueError`` with the cure where it cannot be started, fails, prints nothing or
    too much, or takes longer than ``in_``.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - the operator names the program, no shell reads it
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no such name can be"
        raise ValueError(f"name a program that can be started: {reason}") from None
    with process:
        try:
            printed, _ = process.communicate(timeout=in_.total_seconds())
        except subprocess.TimeoutExpired:
            # Its session has nobody else in it; whoever it started goes with it.
            os.killpg(process.pid, signal.SIGKILL)
            late = f"it did not end within {in_.total_seconds():g} s; {BY_HAND}"
            raise ValueError(late) from None
    return _text_of(process.returncode, printed)


def _text_of(code: int, printed: bytes) -> str:
    if code != 0:
        ended = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise ValueError(f"it ended with {ended}; {BY_HAND}")
    if len(printed) > MOST_BYTES:
        raise ValueError(f"it printed more than {MOST_BYTES} bytes: let it print keys, one a line")
    try:
        text = printed.decode().strip()
    except UnicodeDecodeError:
        raise ValueError("it printed no text: let it print keys in base64, one a line") from None
    if not text:
        raise ValueError("it printed nothing: let it print keys, one a line")
    return text
