"""
Files that only their owner may read: sealing keys, client secrets, the settings themselves.

What is decided here: which rights are too many, and that nothing is ever overwritten.
This module must not know what a file's text means.
"""

import os
import stat
from pathlib import Path

from permsync.errors import ConfigurationError


def write_private(path: Path, text: str) -> None:
    """
    Write a new file with mode 0600.

    Raises ``ConfigurationError`` where something is there already, a dangling link included,
    or the folder cannot be written to.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise _refused(path, "it is there already: remove it, or name another file") from None
    except OSError as error:
        raise _refused(path, f"it cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o600)  # the mode above is cut by the umask, never widened
        file.write(text)
        file.flush()
        os.fsync(descriptor)  # a key that seals and is then lost takes every token with it


def add_line(path: Path, line: str, *, first: bool) -> None:
    """
    Add a line to a private file, as its first or last, all at once or not at all.

    Whoever reads meanwhile sees the old text or the new one; owner and mode stay. Raises
    ``ConfigurationError`` where the file cannot be replaced, or somebody else is at it.
    """
    target = path.resolve()
    text = target.read_text(encoding="utf-8")
    kept = text if not text or text.endswith("\n") else f"{text}\n"
    beside = target.with_name(f".{target.name}.new")
    write_private(beside, f"{line}\n{kept}" if first else f"{kept}{line}\n")
    try:
        found = target.stat()
        os.chown(beside, found.st_uid, found.st_gid)
        beside.chmod(stat.S_IMODE(found.st_mode))
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise _refused(path, f"it cannot be replaced: {error.strerror}") from None


def read_private(path: Path, *, key: str, place: str) -> str:
    """
    The text of a secret file without white space around it.

    Raises ``ConfigurationError`` for the setting ``key`` where the file is missing, empty,
    not text or open to others.
    """
    try:
        refuse_if_open(path, key=key, place=place)
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        cure = f"make {path} a file that this user may read: {reason}"
        raise ConfigurationError(key=key, place=place, cure=cure) from None
    if not text:
        raise ConfigurationError(
            key=key, place=place, cure=f"put the secret into {path}: it is empty"
        )
    return text


def refuse_if_open(path: Path, *, key: str, place: str) -> None:
    """Raise ``ConfigurationError`` where others may read or write a file with a secret."""
    found = path.stat()
    if found.st_mode & forbidden_rights(owner=found.st_uid, reader=os.geteuid()):
        mode = f"{stat.S_IMODE(found.st_mode):04o}"
        cure = f"others may read it (mode {mode}): chmod 600 {path}"
        raise ConfigurationError(key=key, place=place, cure=cure)


def forbidden_rights(*, owner: int, reader: int) -> int:
    """
    The rights that a secret file may not have, as bits of a mode.

    A file that belongs to somebody else can be read by us through its group only; that is
    how Kubernetes mounts a secret for a user who is not root.
    """
    return 0o077 if owner == reader else 0o037


def _refused(path: Path, cure: str) -> ConfigurationError:
    return ConfigurationError(key=path.name, place=str(path), cure=cure)
