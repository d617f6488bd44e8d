"""
What is asked about one repository: may this person read it, and who may.

Both answers follow one predicate (EVIDENCE R1): a pair is there exactly when the listing
of the same source would contain it. Membership or a right to the code counts; openness
and an administrator's sight of everything do not. This module must not know any host.
"""

from dataclasses import dataclass

from permsync.codehost.exchange import Ask
from permsync.model import Level


@dataclass(frozen=True, slots=True)
class KnownRepository:
    """A repository as it was last seen; asks go by its id wherever a host can be asked so."""

    external_id: str
    owner_id: str
    full_name: str


@dataclass(frozen=True, slots=True)
class PairAnswer:
    """The host's definite word about one pair; ``None`` is a no."""

    level: Level | None


@dataclass(frozen=True, slots=True)
class Reader:
    """A person who may read a repository, by the host's immutable id."""

    external_id: str
    level: Level = Level.READ


@dataclass(frozen=True, slots=True)
class ReadersPage:
    """
    What the answer to one ask for readers said.

    ``follow`` are the asks that it makes necessary. ``partial`` is true where readers are
    left out; one such page makes the whole list partial.
    """

    readers: tuple[Reader, ...] = ()
    follow: tuple[Ask, ...] = ()
    partial: bool = False
