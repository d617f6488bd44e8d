"""
What the simulator must know of a kind beside its HTTP: its title, its habits, its webhooks.

A kind says it once, as ``ROLE``; the rest of the simulator, the demo and the tests ask a role
and name no kind. Knows no HTTP server and no kind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from permsync.simulator.happenings import Happening
from permsync.simulator.hooks import Letterhead, Said, unsigned
from permsync.simulator.host import Host
from permsync.simulator.repositories import Account, Level, Namespace, Repository
from permsync.simulator.tokens import ClientKind


def none_of(_happening: Happening) -> list[Said]:
    """What a kind says of what happens when it sends nothing."""
    return []


def number_of(one: Account | Namespace | Repository) -> str:
    """The id of something at most kinds."""
    return str(one.id)


def uuid_of(one: Account | Namespace | Repository) -> str:
    """The id of something where ids are written in braces."""
    return one.uuid


def is_granted(host: Host, person: str, repository: Repository) -> bool:
    """Whether a person's own listing holds a repository, where openness adds nothing to it."""
    return host.level(person, repository) >= Level.REPORTER


def nothing_more(_host: Host) -> None:
    """What a sample host holds beyond what all of them do."""


@dataclass(frozen=True, slots=True)
class Sample:
    """
    A kind's place in the sample world.

    ``host`` is its name there, mounted at ``path``; ``scope`` is what a client asks for. Of
    ``owners`` the first is where a person is denied, the second where one may read; each has
    ``per_owner`` repositories. ``personal`` is the owner of a person's own. ``client_scopes``
    are ticked on the client where the kind has them, ``options`` what an operator sets for it,
    ``fill`` adds what only it has.
    """

    host: str
    path: str
    scope: str
    owners: tuple[str, ...] = ()
    per_owner: int = 30
    personal: str = "{}"
    client_kind: ClientKind = "oauth"
    client_scopes: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    fill: Callable[[Host], None] = nothing_more


@dataclass(frozen=True, slots=True)
class Role:
    """
    One kind of host.

    ``policy`` are fields of `Policy`. ``says`` words what happens, ``letterhead`` is what its
    webhooks carry. ``prefixes`` are those of its access and refresh tokens by the client's
    kind. ``lasting`` are clients whose tokens never expire. ``token_words`` introduce an access
    token. The redirect address may be left out of a code exchange where it is ``optional``;
    a consent that asks for no scope means the earlier ones where they are ``remembered``. A
    blocked person's tokens can be refreshed where a kind does not look at the person then.
    ``id_of`` is the immutable id of a person, a repository or the owner that a listing names;
    ``lists`` says whether a person's own listing holds a repository, and the kind ``tells`` in
    it what one may do there, and what is archived.
    """

    title: str
    sample: Sample
    policy: Mapping[str, Any]
    says: Callable[[Happening], list[Said]] = none_of
    letterhead: Letterhead = field(default_factory=unsigned)
    prefixes: Mapping[ClientKind, tuple[str, str]] = field(default_factory=dict)
    lasting: frozenset[ClientKind] = frozenset()
    token_words: frozenset[str] = frozenset({"bearer"})
    redirect_optional: bool = False
    scopes_remembered: bool = False
    refreshes_blocked: bool = False
    has_internal: bool = False
    is_provider: bool = False
    id_of: Callable[[Account | Namespace | Repository], str] = number_of
    lists: Callable[[Host, str, Repository], bool] = is_granted
    tells_levels: bool = True
    tells_archives: bool = True
