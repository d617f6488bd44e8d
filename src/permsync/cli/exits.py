"""
What a command leaves behind: its exit code, and one line about what went wrong.

The numbers follow sysexits.h where it has one that fits. This module must not know which
command ran.

    0   done; for ``check``: allowed
    1   for ``check``: denied; for ``sync``, ``hosts check``, ``demo --check``: something failed
    2   the arguments make no sense
    65  unknown user, host, account or key
    69  the database cannot be started or reached
    70  a defect of ours
    73  another program listens at the address
    74  a sealing key is still in use and was not retired
    75  a code host failed; trying later may help
    76  the database is newer than this program
    77  a sealing key is missing or wrong
    78  a setting is unknown, missing or wrong
"""

from rich.console import Console

from permsync.errors import (
    AddressInUseError,
    CallerError,
    ConfigurationError,
    DatabaseUnavailableError,
    HostError,
    PermsyncError,
    SchemaNewerError,
    SealingKeyError,
    SealingKeyInUseError,
)

DENIED = 1
FAILED = 1
DEFECT = 70
EXIT_CODES: dict[type[PermsyncError], int] = {
    ConfigurationError: 78,
    SealingKeyError: 77,
    SealingKeyInUseError: 74,
    SchemaNewerError: 76,
    HostError: 75,
    AddressInUseError: 73,
    DatabaseUnavailableError: 69,
    CallerError: 65,
}


def exit_code_of(error: PermsyncError) -> int:
    """The code of the nearest class in the error tree."""
    return next((EXIT_CODES[one] for one in type(error).__mro__ if one in EXIT_CODES), DEFECT)


def told(error: PermsyncError) -> None:
    """Say on standard error what went wrong, in one line that names place and cure."""
    line = f"permsync: {error.code}: {error}"
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(line)
