"""
A host file that cannot say who may read a repository, for the tests of what follows from it.

It is one of ours without its two methods, so that it fulfils the rest of the contract.
"""

from typing import ClassVar

from permsync.codehost import CodeHost, HostSettings
from permsync.hosts.gitlab import Host


class _Silent(Host):
    """What has no method says so by ``None`` (the typing module's own convention)."""

    title: ClassVar[str] = "Silent"
    readers_ask = None  # type: ignore[assignment]
    parse_readers = None  # type: ignore[assignment]


def silent(settings: HostSettings) -> CodeHost:
    """Make it from its settings."""
    return _Silent(settings)  # type: ignore[return-value]  # hooks are sure to be there
