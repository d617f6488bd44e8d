"""
The sample world of the demo and the tests: four people at one host of each kind.

There are up to a hundred repositories and one ready OAuth client at each host. Names, levels
and visibility are fixed; only ids, secrets and the canary differ between runs.
"""

import time
from collections.abc import Callable

from permsync.simulator import rotation
from permsync.simulator.host import Host
from permsync.simulator.kinds import roles
from permsync.simulator.repositories import Installation, Level, Repository, Visibility
from permsync.simulator.role import Role, Sample
from permsync.simulator.tokens import ClientKind, Code, Pair, Pending
from permsync.simulator.world import World

PEOPLE = {
    "ada": ("Ada Lovelace", "ada@example.com"),
    "grace": ("Grace Hopper", "grace@example.com"),
    "linus": ("Linus Torvalds", "linus@example.com"),
    "margaret": ("Margaret Hamilton", "margaret@example.com"),
}
_TOPICS = ("api", "web", "docs", "infra", "mobile", "search", "billing", "ml", "tools", "legacy")
_ARCHIVED = {12, 25}
_MEMBERS: dict[str, dict[str, int]] = {
    "ada": {"first": Level.OWNER, "second": Level.DEVELOPER, "third": Level.REPORTER},
    "grace": {"first": Level.DEVELOPER, "second": Level.REPORTER},
    "linus": {"second": Level.MAINTAINER},
    "margaret": {"third": Level.REPORTER, "first": Level.NONE},
}


def client_id_of(host: str) -> str:
    """The client id that the sample world registers at a host when none is given."""
    return f"permsync-at-{host}"


def client_secret_of(host: str) -> str:
    """The client secret that the sample world registers at a host when none is given."""
    return f"sample-secret-of-{host}"


def webhook_secret_of(host: str) -> str:
    """The secret that a demo's host proves its webhooks with."""
    return f"sample-webhook-secret-of-{host}"


def sample_hosts() -> dict[str, tuple[str, Sample]]:
    """The code hosts of the sample world by name: of which kind each is, and its place."""
    return {
        role.sample.host: (kind, role.sample)
        for kind, role in roles().items()
        if not role.is_provider
    }


def callback_of(host: Host, *, public_url: str) -> str:
    """Where permsync at this address takes people back from the host."""
    is_provider = roles()[host.kind].is_provider
    path = "/signin/callback" if is_provider else f"/link/{host.name}/callback"
    return public_url.rstrip("/") + path


def sample_world(
    *,
    public_url: str = "http://127.0.0.1:8080",
    clients: dict[str, tuple[str, str]] | None = None,
    github_client_kind: ClientKind = "github_app",
    access_seconds: float | None = None,
    clock: Callable[[], float] = time.time,
) -> World:
    """
    A filled world whose clients may call back to `callback_of` their host.

    `clients` gives (id, secret) by host; the defaults are `client_id_of` and `client_secret_of`.
    `access_seconds` is how long access tokens of code hosts live, else as long as usual.
    """
    world = World(roles(), clock=clock)
    for kind, role in roles().items():
        name = role.sample.host
        host = world.add_host(name, kind=kind, path=role.sample.path)
        client_id, secret = (clients or {}).get(name, (client_id_of(name), client_secret_of(name)))
        world.add_client(
            name,
            client_id=client_id,
            secret=secret,
            redirect_uris=[callback_of(host, public_url=public_url)],
            kind=github_client_kind if kind == "github" else role.sample.client_kind,
            scopes=list(role.sample.client_scopes),
        )
        for person, (full_name, email) in PEOPLE.items():
            host.add_person(person, full_name=full_name, email=email)
        if not role.is_provider:
            _fill(host, role)
            if access_seconds is not None:
                host.policy.access_ttl_seconds = access_seconds
    world.remember_start()
    return world


def bulk_repositories(
    world: World, host: str, count: int, *, person: str, owner: str = "bulk"
) -> list[Repository]:
    """
    Add `count` private repositories that the person reads through one membership.

    Where an app is installed on owners, it is on theirs too, or its people would not see them.
    """
    place = world.hosts[host]
    made = [place.add_repository(f"{owner}/bulk-{number:06d}") for number in range(count)]
    place.join(person, namespace=owner)
    installed = {each.namespace for each in place.installations.values()}
    if installed and owner not in installed:
        number, client_id = place.next_id(), next(iter(place.tokens.clients))
        place.installations[number] = Installation(number, client_id, owner)
    return made


def bulk_accounts(world: World, host: str, count: int, *, prefix: str = "person") -> list[Pair]:
    """Add `count` people, each with a pair of tokens as if they had consented just now."""
    place = world.hosts[host]
    role = world.roles[place.kind]
    client = next(iter(place.tokens.clients.values()))
    scopes = role.sample.scope.split()
    made = []
    for number in range(count):
        person = f"{prefix}-{number:06d}"
        place.add_person(person, full_name=person, email=f"{person}@example.com")
        pending = Pending(client.client_id, client.redirect_uris[0], "", scopes, None, None)
        code = Code("", person, pending, list(scopes), 0)
        made.append(
            rotation.issue(
                place.tokens,
                place.policy,
                role=role,
                code=code,
                client=client,
                now=world.now(),
            )
        )
    return made


def _fill(host: Host, role: Role) -> None:
    sample = role.sample
    for owner in sample.owners:
        host.add_namespace(owner, enterprise="acme-inc" if owner.startswith("acme") else None)
        for number in range(sample.per_owner):
            topic = _TOPICS[number % len(_TOPICS)]
            host.add_repository(
                f"{owner}/{topic}-{number:02d}",
                visibility=_visibility(topic, has_internal=role.has_internal),
                archived=number in _ARCHIVED,
            )
    for person, levels in _MEMBERS.items():
        for owner, level in zip(sample.owners, ("first", "second", "third"), strict=False):
            if level in levels:
                host.join(person, namespace=owner, level=levels[level])
    _add_exceptions(host, sample)
    sample.fill(host)


def _visibility(topic: str, *, has_internal: bool) -> Visibility:
    if topic == "legacy":
        return "public"
    return "internal" if has_internal and topic == "tools" else "private"


def _add_exceptions(host: Host, sample: Sample) -> None:
    """Direct grants and a personal repository."""
    personal = host.add_namespace(sample.personal.format("margaret"), personal=True)
    notes = host.add_repository(f"{personal.name}/notes")
    host.join("margaret", namespace=personal.name, level=Level.OWNER)
    host.grant("ada", notes.id, level=Level.REPORTER)
    first = next(each for each in host.repositories.values() if each.owner == sample.owners[0])
    host.grant("linus", first.id, level=Level.DEVELOPER)
