"""
What was true at the pretend hosts, and when: the yardstick for everything that is stored.

A source can only have said yes about a pair while it was true there. So whatever is stored
or allowed is held against the times at which it was true; what the product read, or in which
order, does not matter. This module must not know the product.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

ACCOUNT, REPOSITORY = "account_listing", "repo_listing"
EVER = datetime.max.replace(tzinfo=UTC)


class Key(NamedTuple):
    """One pair of one source; people and repositories by the host's immutable ids."""

    source: str
    host: str
    person: str
    repository: str


@dataclass(frozen=True, slots=True)
class Truth:
    """
    All hosts at one moment.

    ``held`` are the pairs that each source contains, ``open`` the visibility of what is open
    to more than named readers, ``owners`` who owns what is there; the hosts in ``clear`` have
    no fault and leave nobody out.
    """

    held: frozenset[Key]
    open: dict[tuple[str, str], str]
    owners: dict[tuple[str, str], str]
    clear: frozenset[str]


class History:
    """The truth from the beginning until now."""

    def __init__(self) -> None:
        self._since: list[datetime] = []
        self._truths: list[Truth] = []

    @property
    def now(self) -> Truth:
        """What is true now."""
        return self._truths[-1]

    def note(self, at: datetime, truth: Truth) -> None:
        """From ``at`` on this is true."""
        if not self._truths or truth != self.now:
            self._since.append(at)
            self._truths.append(truth)

    def after(self, at: datetime) -> Iterator[Truth]:
        """What was true at ``at``, and everything that was since."""
        yield from self._truths[max(bisect_right(self._since, at) - 1, 0) :]

    def was_held(self, key: Key, *, after: datetime) -> bool:
        """Whether the source contained the pair at ``after`` or at any time since."""
        return any(key in truth.held for truth in self.after(after))

    def is_held_since(self, key: Key, at: datetime) -> bool:
        """Whether the source contained the pair all the time since ``at``."""
        return all(key in truth.held for truth in self.after(at))

    def is_lost_since(self, key: Key, at: datetime) -> bool:
        """Whether the source did not contain the pair at ``at`` nor ever since."""
        return not self.was_held(key, after=at)

    def was_open(self, host: str, repository: str, *, after: datetime) -> bool:
        """Whether it was open to more than named readers at ``after`` or since."""
        return any((host, repository) in truth.open for truth in self.after(after))

    def is_clear_since(self, host: str, at: datetime) -> bool:
        """Whether the host had no fault at ``at`` nor since."""
        return all(host in truth.clear for truth in self.after(at))

    def has_moved_since(self, host: str, repository: str, at: datetime) -> bool:
        """Whether it had another owner at ``at`` or at any time since, or was not there."""
        owners = {truth.owners.get((host, repository)) for truth in self.after(at)}
        return len(owners) > 1
