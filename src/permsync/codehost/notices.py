"""
What a code host may tell us unasked: a closed set, in ids and nothing else.

Names, logins and e-mail addresses are left behind where a delivery is read: they change,
and a notice may wait. A notice is a hint. It may close something or have the host asked, and
never opens anything. This module must not know a host, nor what a notice leads to.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

# The host's immutable ids, as text.
Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MemberRemoved:
    """A person lost a repository."""

    person: str
    repository: str


@dataclass(frozen=True, slots=True)
class MemberAdded:
    """A person was given a repository, or another level there."""

    person: str
    repository: str


@dataclass(frozen=True, slots=True)
class OwnerMemberRemoved:
    """A person lost an organisation, group, workspace or project as a whole."""

    person: str
    owner: str


@dataclass(frozen=True, slots=True)
class PersonChanged:
    """What a person may see changed, and not how: a team, a group, a new repository."""

    person: str


@dataclass(frozen=True, slots=True)
class AuthorizationRevoked:
    """A person took back what they allowed us. It ends nothing by itself: the host is asked."""

    person: str


@dataclass(frozen=True, slots=True)
class OwnerChanged:
    """Something about a whole owner changed: its rights, its name."""

    owner: str


@dataclass(frozen=True, slots=True)
class CoverageGrew:
    """We may see more of an owner: our app was installed or woken, given repositories or rights."""

    owner: str


@dataclass(frozen=True, slots=True)
class CoverageShrank:
    """We may see less of an owner, or nothing, which says nothing of anybody's rights there."""

    owner: str


@dataclass(frozen=True, slots=True)
class RepositoryMadePrivate:
    """A repository is for its named readers only."""

    repository: str


@dataclass(frozen=True, slots=True)
class RepositoryMadePublic:
    """A repository is said to be open to everybody. The host is asked before it is."""

    repository: str


@dataclass(frozen=True, slots=True)
class RepositoryGone:
    """A repository was deleted."""

    repository: str


@dataclass(frozen=True, slots=True)
class RepositoryTransferred:
    """A repository has another owner."""

    repository: str


@dataclass(frozen=True, slots=True)
class RepositoryChanged:
    """A repository was renamed, archived or edited."""

    repository: str


@dataclass(frozen=True, slots=True)
class ReadersChanged:
    """Who may read a repository changed for several people at once: a team came or went."""

    repository: str


@dataclass(frozen=True, slots=True)
class HookGone:
    """The host will tell us nothing more: somebody removed the webhook."""


@dataclass(frozen=True, slots=True)
class Ping:
    """The webhook works; nothing happened."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing that concerns permissions, or nothing that we can read."""


# What takes access away before anybody is asked, and so comes before all others.
Closing = (
    MemberRemoved
    | OwnerMemberRemoved
    | RepositoryMadePrivate
    | RepositoryGone
    | RepositoryTransferred
)
# What has a host asked, and nothing more.
Asking = (
    MemberAdded
    | PersonChanged
    | AuthorizationRevoked
    | OwnerChanged
    | CoverageGrew
    | CoverageShrank
    | RepositoryMadePublic
    | RepositoryChanged
    | ReadersChanged
)
Notice = Closing | Asking | HookGone | Ping | Unknown

# The word under which a notice is stored and logged; a word is never given to another one.
WORDS: Mapping[type[Notice], str] = {
    MemberRemoved: "member_removed",
    MemberAdded: "member_added",
    OwnerMemberRemoved: "owner_member_removed",
    PersonChanged: "person_changed",
    AuthorizationRevoked: "authorization_revoked",
    OwnerChanged: "owner_changed",
    CoverageGrew: "coverage_grew",
    CoverageShrank: "coverage_shrank",
    RepositoryMadePrivate: "repository_made_private",
    RepositoryMadePublic: "repository_made_public",
    RepositoryGone: "repository_gone",
    RepositoryTransferred: "repository_transferred",
    RepositoryChanged: "repository_changed",
    ReadersChanged: "readers_changed",
    HookGone: "hook_gone",
    Ping: "ping",
    Unknown: "unknown",
}
_KINDS: Mapping[str, Callable[..., Notice]] = {word: kind for kind, word in WORDS.items()}
NOTICE = "notice"


def is_silent(notice: Notice) -> bool:
    """Whether nothing follows from it."""
    return isinstance(notice, Ping | Unknown)


def words_of(notice: Notice) -> dict[str, str]:
    """The notice as it is stored: its word, and its ids by name."""
    return {NOTICE: WORDS[type(notice)], **asdict(notice)}


def parse_notice(words: Words) -> Notice:
    """Read what :func:`words_of` wrote; what a newer program wrote means nothing here."""
    ids = {name: value for name, value in words.items() if name != NOTICE}
    try:
        return _KINDS[words[NOTICE]](**ids)
    except (KeyError, TypeError):
        return Unknown()
