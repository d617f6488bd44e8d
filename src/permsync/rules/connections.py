"""
Which connection lists a repository: one of its host that covers its owner.

This module must not know a token or the settings' file.
"""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from permsync.model import Repository
from permsync.rules.include import included_by


class Connected(Protocol):
    """What is needed of a connection to choose it."""

    @property
    def host(self) -> str:
        """The host that it is for."""

    @property
    def owners(self) -> frozenset[str]:
        """The owners that it covers, as in a host's ``include``."""


C = TypeVar("C", bound=Connected)


def connection_for(repository: Repository, connections: Iterable[C]) -> C | None:
    """The first connection that covers the repository; ``None`` where there is none."""
    owner = repository.full_name.rpartition("/")[0]
    return next(
        (
            one
            for one in connections
            if one.host == repository.host and included_by(owner, one.owners) is not None
        ),
        None,
    )
