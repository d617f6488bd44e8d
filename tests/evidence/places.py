"""
A small pretend world: two hosts, a few people, owners and repositories, and what is true there.

At the first host Margaret administers every owner; her token is a connection's, so that both
sources speak there. What is true is read off the simulator's own fields by the sentence that
each source stands for. This module must not know the product.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from permsync.simulator.host import Host
from permsync.simulator.repositories import Installation, Level, Repository, Visibility
from permsync.simulator.samples import client_id_of, sample_world
from permsync.simulator.world import World
from tests.evidence.truth import ACCOUNT, REPOSITORY, Key, Truth

PEOPLE = ("ada", "grace", "linus")
ADMIN = "margaret"
FOREVER_SECONDS = 1e9
OWNERS = {
    "gitlab": ("platform", "research", "aside"),
    "bitbucket-dc": ("CORE", "APPS", "SIDE"),
    "github": ("acme", "orbit"),
    "bitbucket": ("northwind", "contoso"),
}
COVERED = 2  # the connection covers the first so many owners
NAMES = ("api", "web", "ml")
MOST_REPOSITORIES = 8


@dataclass(slots=True)
class Places:
    """The two hosts; ``left_out`` names the owners that a host leaves out of listings now."""

    world: World
    connected: str
    alone: str
    faulty: set[str] = field(default_factory=set)

    @property
    def hosts(self) -> tuple[Host, Host]:
        """Both hosts, the one with a connection first."""
        return self.world.hosts[self.connected], self.world.hosts[self.alone]

    def truth(self) -> Truth:
        """What is true now."""
        held: set[Key] = set()
        opened: dict[tuple[str, str], str] = {}
        owners: dict[tuple[str, str], str] = {}
        for host in self.hosts:
            for one in host.repositories.values():
                name = (host.name, repository_id(host, one))
                owners[name] = owner_id(host, one.owner)
                if one.visibility != "private":
                    opened[name] = one.visibility
                for person in (*PEOPLE, ADMIN):
                    pair = (host.name, person_id(host, person), name[1])
                    if _is_listed(host, person, one):
                        held.add(Key(ACCOUNT, *pair))
                    if host.name == self.connected and _is_reader(host, person, one):
                        held.add(Key(REPOSITORY, *pair))
        names = {host.name for host in self.hosts}
        return Truth(frozenset(held), opened, owners, frozenset(names - self.faulty))

    def covered(self) -> frozenset[str]:
        """The names of the owners that the connection covers."""
        return frozenset(OWNERS[self.connected][:COVERED])

    def is_active(self, host: str, person: str) -> bool:
        """Whether the account with this id at the host is in use."""
        every = self.world.hosts[host].accounts
        named = [every[each] for each in every if person_id(self.world.hosts[host], each) == person]
        return all(each.state == "active" for each in named)


def build(connected: str, alone: str, *, public_url: str) -> Places:
    """Two hosts with owners and repositories; nobody but the administrator is a member yet."""
    world = sample_world(public_url=public_url, access_seconds=FOREVER_SECONDS)
    places = Places(world, connected, alone)
    for host in places.hosts:
        host.repositories.clear()
        host.namespaces.clear()
        host.installations.clear()
        for owner, name in zip(OWNERS[host.name], NAMES, strict=False):
            host.add_namespace(owner)
            host.add_repository(f"{owner}/{name}")
            host.join(ADMIN, namespace=owner, level=Level.OWNER)
            if host.kind == "github":
                number = host.next_id()
                installed = Installation(number, client_id_of(host.name), owner)
                host.installations[number] = installed
    return places


def person_id(host: Host, person: str) -> str:
    """The host's immutable id of a person."""
    account = host.accounts[person]
    return account.uuid if host.kind == "bitbucket_cloud" else str(account.id)


def repository_id(host: Host, one: Repository) -> str:
    """The host's immutable id of a repository."""
    return one.uuid if host.kind == "bitbucket_cloud" else str(one.id)


def owner_id(host: Host, owner: str) -> str:
    """The host's immutable id of an owner."""
    space = host.namespaces[owner]
    return space.uuid if host.kind == "bitbucket_cloud" else str(space.id)


def _is_listed(host: Host, person: str, one: Repository) -> bool:
    """What the person's own listing contains: code rights, within the app's installations."""
    if host.level(person, one) < Level.REPORTER:
        return False
    reached = any(each.covers(one) for each in host.installations.values())
    return reached or host.kind != "github"


def _is_reader(host: Host, person: str, one: Repository) -> bool:
    """Whom the repository's own listing contains: code rights, and an account in use."""
    active = host.accounts[person].state == "active"
    return active and host.level(person, one) >= Level.REPORTER


@contextmanager
def hidden_repository(host: Host, one: Repository) -> Iterator[None]:
    """The host leaves this repository out of whatever it says meanwhile: it lies."""
    everything = dict(host.repositories)
    host.repositories.pop(one.id)
    host.touch()
    yield
    host.repositories.clear()
    host.repositories.update(everything)
    host.touch()


@contextmanager
def hidden_person(host: Host, person: str) -> Iterator[None]:
    """The host leaves this person out of whatever it says meanwhile: it lies."""
    everybody = dict(host.accounts)
    host.accounts.pop(person)
    yield
    host.accounts.clear()
    host.accounts.update(everybody)


def set_visibility(host: Host, one: Repository, visibility: Visibility) -> None:
    """Change who may see it; a host that knows no internal ones makes it public."""
    known = visibility != "internal" or host.kind == "gitlab"
    host.set_visibility(one.id, visibility if known else "public")
