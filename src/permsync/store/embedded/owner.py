"""
Who runs the embedded PostgreSQL, and the private folders made for it.

What is decided here: the operating system user of the server. PostgreSQL refuses to run as
root, so root gets an unprivileged system user of its own for it; everybody else runs the
server as themselves. What this module must not know: PostgreSQL.

The folders belong to that user alone. Root walks in folders that a less privileged user
may write, so nothing here follows a symbolic link or takes over a folder with content.
"""

import asyncio
import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from permsync.errors import DatabaseUnavailableError

SYSTEM_USER = "permsync"

# Named in full: the search path belongs to the environment, which only ``config`` reads.
_USERADD = (Path("/usr/sbin/useradd"), Path("/sbin/useradd"))
_EXTERNAL_DATABASE = "or name an external PostgreSQL with PERMSYNC_DATABASE_URL"


@dataclass(frozen=True, slots=True)
class ServerOwner:
    """The operating system user that owns the folders and runs the server."""

    name: str
    uid: int
    gid: int

    @property
    def is_somebody_else(self) -> bool:
        """Whether children must change to this user, and what we create be given to it."""
        return os.geteuid() != self.uid

    def give(self, descriptor: int) -> None:
        """Give an open file to the owner."""
        if self.is_somebody_else:
            os.fchown(descriptor, self.uid, self.gid)


async def find_owner(*, system_user: str = SYSTEM_USER) -> ServerOwner:
    """
    Return ourselves, or for root the system user, which is created when it is missing.

    Raises:
        DatabaseUnavailableError: we have no name, or the system user cannot be created.

    """
    if os.geteuid() == 0:
        found = _lookup(system_user)
        if found is None:
            found = await asyncio.to_thread(_create, system_user)
        return found
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        # Peer authentication compares names, and initdb refuses a user without one.
        raise DatabaseUnavailableError(
            place=f"user id {os.geteuid()} has no name on this machine",
            cure=f"run permsync as a user of the password database, {_EXTERNAL_DATABASE}",
        ) from None
    return ServerOwner(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def make_private_folder(folder: Path, owner: ServerOwner) -> None:
    """
    Make a folder that only its owner may enter, or take the one that is there.

    An empty folder of root (a fresh volume) is given to the owner; a folder of anybody
    else, or one of root with content, is refused.

    Raises:
        DatabaseUnavailableError: the folder cannot be made, or is not ours.

    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        # The links on the way were followed by our caller's resolve(); this one must not be.
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _make_private(folder, descriptor, owner)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DatabaseUnavailableError(
            place=f"{folder} ({error.strerror})",
            cure=f"make it a folder that {owner.name} may write, choose another folder, "
            f"{_EXTERNAL_DATABASE}",
        ) from error


def _make_private(folder: Path, descriptor: int, owner: ServerOwner) -> None:
    found = os.fstat(descriptor)
    if found.st_uid != owner.uid:
        ours_to_give = owner.is_somebody_else and found.st_uid == os.geteuid()
        if not ours_to_give or os.listdir(descriptor):
            raise DatabaseUnavailableError(
                place=f"{folder} belongs to {_name_of(found.st_uid)}, not to {owner.name}",
                cure=f"choose an empty folder, or start permsync as the user that owns this one, "
                f"{_EXTERNAL_DATABASE}",
            )
        owner.give(descriptor)
    if stat.S_IMODE(found.st_mode) != 0o700:  # noqa: PLR2004 (the mode mkdir was given)
        os.fchmod(descriptor, 0o700)


def _lookup(name: str) -> ServerOwner | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return ServerOwner(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _create(name: str) -> ServerOwner:
    said = "there is no useradd"
    for program in _USERADD:
        if program.exists():
            arguments = ["--system", "--user-group", "--no-create-home"]
            arguments += ["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
            # S603: a fixed program, a name from our caller, no shell.
            said = subprocess.run(  # noqa: S603
                [program, *arguments, "--", name],
                env={"LC_ALL": "C"},
                capture_output=True,
                check=False,
                text=True,
            ).stderr.strip()
            break
    # Looked up whatever useradd said: another permsync may have created it meanwhile.
    created = _lookup(name)
    if created is None:
        raise DatabaseUnavailableError(
            place=f"the system user {name!r}, which runs PostgreSQL for root ({said})",
            cure=f"create it with `useradd --system {name}`, start permsync as an ordinary user, "
            f"{_EXTERNAL_DATABASE}",
        )
    return created


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user id {uid}"
