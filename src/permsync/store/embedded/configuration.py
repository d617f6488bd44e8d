"""
What the embedded PostgreSQL is told: its settings, who may enter, and who is who.

What is decided here: the text of ``postgresql.conf``, ``pg_hba.conf`` and ``pg_ident.conf``,
written anew at every start, so that a newer permsync brings its own. What this module must
not know: where the files lie and how the server is started.

Who may enter. Three fences stand behind each other, because none is enough alone:

1. The socket's folder is 0700. Modes of a socket itself are not looked at on every system,
   and root passes all modes, as does any process with CAP_DAC_OVERRIDE.
2. The server listens on no address, only on the socket in that folder.
3. Peer authentication: the kernel names the connecting user, and the map below knows two,
   the owner and root. Root is named because permsync started by root stays root while the
   server is somebody else; root could become the owner anyway, so this gives nothing away.
   ``trust`` would let in whoever passes the modes.

The role of the service may create databases and is no superuser: SQL that somebody
smuggles in reaches no file and no program.
"""

from collections.abc import Mapping
from pathlib import Path

from permsync.store.embedded.owner import ServerOwner

PORT = 5432
"""No address is listened on; the number only ends the name of the socket."""

LOG_FOLDER = "log"
"""Beside the server's files, not among them: it is read when they are in doubt."""

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "64MB",
    # A container with a huge page limit kills a server that tries them; 64 MB needs none.
    "huge_pages": "off",
    "fsync": "on",
    # Nothing reads the write-ahead log but crash recovery: no replica, no archive. A backup
    # is pg_dump; who wants replicas or point-in-time recovery runs a PostgreSQL of their own.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    # Our queries are short; compiling one costs more than it saves.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "logging_collector": "on",
    "log_directory": f"../{LOG_FOLDER}",
    "log_filename": "postgres-%Y%m%d-%H%M%S.log",
    "log_file_mode": "0600",
    "log_rotation_size": "10MB",
    "log_rotation_age": "0",
    "log_checkpoints": "off",
    # No secret may reach the log: no statement, no bound value, no DETAIL, which quotes the row
    # that broke a constraint, and no error of a statement, which quotes what it could not read
    # (in PostgreSQL's order `log` lies above `error`). The client is told all of it.
    "log_min_messages": "log",
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}

_MAP = "permsync"


def server_settings(*, socket_folder: Path, changed: Mapping[str, str]) -> str:
    """Return ``postgresql.conf``; ``changed`` overrides ours or adds to them."""
    socket = {"unix_socket_directories": _in_list(str(socket_folder)), "port": str(PORT)}
    settings = {**_SETTINGS, **socket, **changed}
    return "".join(f"{name} = {_quoted(value)}\n" for name, value in settings.items())


def entry_rules() -> str:
    """Return ``pg_hba.conf``: the local socket, by the kernel's word, and nothing else."""
    return f"local all all peer map={_MAP}\n"


def known_people(*, owner: ServerOwner, roles: tuple[str, ...]) -> str:
    """Return ``pg_ident.conf``: the owner and root may be each of these roles."""
    people = dict.fromkeys((owner.name, "root"))
    return "".join(f'{_MAP} "{person}" "{role}"\n' for person in people for role in roles)


def _in_list(path: str) -> str:
    return '"' + path.replace('"', '""') + '"'


def _quoted(value: str) -> str:
    # A backslash escapes in postgresql.conf, whatever standard_conforming_strings says.
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
