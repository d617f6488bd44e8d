"""
One host instance: who has an account, what it stores, how it treats tokens, what is wrong.

The editing methods keep the cached listings honest; code that edits fields by hand calls
`touch()` afterwards. Knows nothing of HTTP.
"""

import uuid
from collections import deque
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from typing import TypeVar, cast

from permsync.simulator.damage import Damage
from permsync.simulator.faults import Faults
from permsync.simulator.happenings import Happening, What
from permsync.simulator.hooks import Hook, Outgoing
from permsync.simulator.repositories import (
    Account,
    AccountState,
    CodeAccess,
    Installation,
    Level,
    Namespace,
    Repository,
    Visibility,
)
from permsync.simulator.requestlog import RequestLog, RequestRecord
from permsync.simulator.tokens import Policy, TokenStore

DELIVERIES_KEPT = 500
MADE: dict[Visibility, What] = {
    "private": "made_private",
    "internal": "made_internal",
    "public": "made_public",
}
_Cached = TypeVar("_Cached")


@dataclass
class Host:
    """A configured instance, mounted at `path` (which starts with a slash and has no last one)."""

    name: str
    kind: str
    path: str
    policy: Policy = field(default_factory=Policy)
    accounts: dict[str, Account] = field(default_factory=dict)
    namespaces: dict[str, Namespace] = field(default_factory=dict)
    repositories: dict[int, Repository] = field(default_factory=dict)
    installations: dict[int, Installation] = field(default_factory=dict)
    tokens: TokenStore = field(default_factory=TokenStore)
    faults: Faults = field(default_factory=Faults)
    damage: Damage = field(default_factory=Damage)
    log: RequestLog = field(default_factory=RequestLog)
    last_id: int = 1000
    edition: int = 0
    signing_key: dict[str, str | list[str]] | None = None
    hooks: list[Hook] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start with nothing cached, nothing to tell and nothing told."""
        self._cache: dict[object, object] = {}
        self.happened: deque[Happening] = deque()
        self.resent: deque[Outgoing] = deque()
        self.delivered: deque[Outgoing] = deque(maxlen=DELIVERIES_KEPT)

    def tell(
        self,
        what: What,
        *,
        person: str | None = None,
        repository: Repository | None = None,
        namespace: str | None = None,
        was: str = "",
        installation: int = 0,
    ) -> None:
        """Have the hooks told what happened, with the facts of this moment."""
        owner = namespace or (repository.owner if repository is not None else None)
        space = self.namespaces.get(owner) if owner is not None else None
        if self.hooks:
            self.happened.append(
                Happening(
                    what,
                    copy(self.accounts.get(person)) if person is not None else None,
                    copy(repository),
                    copy(space),
                    was,
                    installation,
                )
            )

    def touch(self) -> None:
        """Forget cached listings, after an edit."""
        self.edition += 1
        self._cache = {}

    def cached(self, key: object, build: Callable[[], _Cached]) -> _Cached:
        """The value built for the key since the last edit, built now if there is none."""
        cache = self._cache
        if key not in cache:
            cache[key] = build()
        return cast("_Cached", cache[key])

    def next_id(self) -> int:
        """An integer id that nothing at this host has had before."""
        self.last_id += 1
        return self.last_id

    def add_person(self, person: str, *, full_name: str, email: str) -> Account:
        """Give a person an account; the login is the person's short name."""
        number = self.next_id()
        account = Account(
            person=person,
            id=number,
            uuid=f"{{{uuid.uuid4()}}}",
            account_id=f"{number}:{uuid.uuid4()}",
            login=person,
            full_name=full_name,
            email=email,
        )
        self.accounts[person] = account
        self.touch()
        return account

    def set_account_state(self, person: str, state: AccountState) -> None:
        """Block, deactivate or re-activate an account."""
        self.accounts[person].state = state

    def add_namespace(
        self, name: str, *, enterprise: str | None = None, personal: bool = False
    ) -> Namespace:
        """Create an organisation, group, workspace or project."""
        space = Namespace(
            id=self.next_id(),
            uuid=f"{{{uuid.uuid4()}}}",
            name=name,
            enterprise=enterprise,
            personal=personal,
        )
        self.namespaces[name] = space
        self.touch()
        return space

    def add_repository(
        self,
        full_name: str,
        *,
        visibility: Visibility = "private",
        code_access: CodeAccess = "enabled",
        archived: bool = False,
    ) -> Repository:
        """Create a repository; the owner before the last slash is created when it is new."""
        owner, _, name = full_name.rpartition("/")
        self._need_namespace(owner)
        repository = Repository(
            id=self.next_id(),
            uuid=f"{{{uuid.uuid4()}}}",
            owner=owner,
            name=name,
            visibility=visibility,
            code_access=code_access,
            archived=archived,
        )
        self.repositories[repository.id] = repository
        self.touch()
        self.tell("created", repository=repository)
        return repository

    def find_repository(self, full_name: str) -> Repository | None:
        """The repository with this owner and name, letter case ignored as hosts do."""
        index = self.cached(
            "by_name",
            lambda: {each.full_name.lower(): each for each in list(self.repositories.values())},
        )
        return index.get(full_name.lower())

    def remove_repository(self, repository: int) -> None:
        """Delete a repository for good; its id is never given again."""
        gone = self.repositories.pop(repository)
        self.touch()
        self.tell("removed", repository=gone)

    def rename_repository(
        self, repository: int, *, owner: str | None = None, name: str | None = None
    ) -> None:
        """Rename or transfer a repository; its id stays."""
        target = self.repositories[repository]
        self._need_namespace(owner or target.owner)
        was, moves = target.full_name, owner not in {None, target.owner}
        target.owner = owner or target.owner
        target.name = name or target.name
        self.touch()
        self.tell("transferred" if moves else "renamed", repository=target, was=was)

    def set_visibility(
        self, repository: int, visibility: Visibility, *, code_access: CodeAccess | None = None
    ) -> None:
        """Change who may see a repository, and at GitLab who may see its code."""
        target = self.repositories[repository]
        target.visibility = visibility
        target.code_access = code_access or target.code_access
        self.touch()
        self.tell(MADE[visibility], repository=target)

    def grant(self, person: str, repository: int, *, level: int = Level.REPORTER) -> None:
        """Make a person a direct member of a repository."""
        target = self.repositories[repository]
        what: What = "regraded" if person in target.members else "granted"
        target.members[person] = level
        self.touch()
        self.tell(what, person=person, repository=target)

    def revoke(self, person: str, repository: int) -> None:
        """End a direct membership of a repository, if there is one."""
        target = self.repositories[repository]
        had = target.members.pop(person, None)
        self.touch()
        if had is not None:
            self.tell("revoked", person=person, repository=target)

    def join(self, person: str, *, namespace: str, level: int = Level.REPORTER) -> None:
        """Make a person a member of a namespace, with this level on all of its repositories."""
        self.namespaces[namespace].members[person] = level
        self.touch()
        self.tell("joined", person=person, namespace=namespace)

    def leave(self, person: str, *, namespace: str) -> None:
        """End a membership of a namespace, if there is one."""
        had = self.namespaces[namespace].members.pop(person, None)
        self.touch()
        if had is not None:
            self.tell("left", person=person, namespace=namespace)

    def install(self, namespace: str, *, client_id: str) -> Installation:
        """Have an owner let an app in, on all of its repositories; once for each owner."""
        number = self.next_id()
        made = self.installations[number] = Installation(number, client_id, namespace)
        self.touch()
        self.tell("installed", namespace=namespace, installation=number)
        return made

    def uninstall(self, installation: int) -> None:
        """End an installation; its tokens end with it."""
        gone = self.installations.pop(installation)
        self.touch()
        self.tell("uninstalled", namespace=gone.namespace, installation=installation)

    def suspend(self, installation: int, *, at: float | None) -> None:
        """Suspend an installation at this instant, or let it work again."""
        found = self.installations[installation]
        found.suspended_at = at
        self.touch()
        what: What = "unsuspended" if at is None else "suspended"
        self.tell(what, namespace=found.namespace, installation=installation)

    def select(self, installation: int, repositories: list[int]) -> None:
        """Let an installation reach these repositories only."""
        found = self.installations[installation]
        grew = found.selection == "selected" and not set(repositories) <= set(found.selected)
        found.selection, found.selected = "selected", repositories
        self.touch()
        what: What = "covered" if grew else "uncovered"
        self.tell(what, namespace=found.namespace, installation=installation)

    def level(self, person: str, repository: Repository) -> int:
        """The highest level that direct and namespace membership give; 0 for none."""
        space = self.namespaces[repository.owner]
        return max(repository.members.get(person, 0), space.members.get(person, 0))

    def by_id(self) -> list[Repository]:
        """Every repository, by id; cached until an edit."""
        return self.cached(
            "by_id", lambda: sorted(self.repositories.copy().values(), key=lambda each: each.id)
        )

    def memberships(self, person: str) -> list[Repository]:
        """The repositories on which the person has any level, by id; cached until an edit."""
        return self.cached(
            ("memberships", person),
            lambda: [each for each in self.by_id() if self.level(person, each)],
        )

    def token_posts(self, grant: str | None = None) -> list[RequestRecord]:
        """The requests to the token endpoint, of one grant type if named."""
        return self.log.token_posts(grant)

    def _need_namespace(self, name: str) -> None:
        if name not in self.namespaces:
            self.add_namespace(name)
