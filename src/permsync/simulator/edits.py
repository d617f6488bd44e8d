"""
The table of world edits: repositories, memberships and people changed from outside.

Like levers.py, but what changes is what the host stores and not how it behaves. Repositories are
named by their id or by owner and name.
"""

from collections.abc import Callable

from permsync.simulator.levers import Place
from permsync.simulator.repositories import CodeAccess, Level, Repository, Visibility


def add_person(at: Place, *, person: str, full_name: str, email: str) -> int:
    """Gives a person an account at the host; returns the account's id."""
    return at.host.add_person(person, full_name=full_name, email=email).id


def add_repository(
    at: Place,
    *,
    full_name: str,
    visibility: Visibility = "private",
    code_access: CodeAccess = "enabled",
    archived: bool = False,
) -> int:
    """Creates a repository, and its owner where needed; returns the repository's id."""
    return at.host.add_repository(
        full_name, visibility=visibility, code_access=code_access, archived=archived
    ).id


def remove_repository(at: Place, *, repository: int | str) -> None:
    """Deletes a repository."""
    at.host.remove_repository(_named(at, repository).id)


def rename_repository(
    at: Place, *, repository: int | str, owner: str | None = None, name: str | None = None
) -> None:
    """Renames or transfers a repository; its id stays."""
    at.host.rename_repository(_named(at, repository).id, owner=owner, name=name)


def set_visibility(
    at: Place,
    *,
    repository: int | str,
    visibility: Visibility,
    code_access: CodeAccess | None = None,
) -> None:
    """Changes who may see a repository."""
    at.host.set_visibility(_named(at, repository).id, visibility, code_access=code_access)


def archive(at: Place, *, repository: int | str, on: bool = True) -> None:
    """Archives a repository, or takes it out of the archive."""
    _named(at, repository).archived = on
    at.host.touch()


def grant(
    at: Place, *, person: str, repository: int | str, level: int = int(Level.REPORTER)
) -> None:
    """Makes a person a direct member of a repository."""
    at.host.grant(person, _named(at, repository).id, level=level)


def revoke(at: Place, *, person: str, repository: int | str) -> None:
    """Ends a direct membership of a repository."""
    at.host.revoke(person, _named(at, repository).id)


def join(at: Place, *, person: str, namespace: str, level: int = int(Level.REPORTER)) -> None:
    """Makes a person a member of an organisation, group, workspace or project."""
    at.host.join(person, namespace=namespace, level=level)


def leave(at: Place, *, person: str, namespace: str) -> None:
    """Ends a membership of an organisation, group, workspace or project."""
    at.host.leave(person, namespace=namespace)


def install(at: Place, *, namespace: str) -> int:
    """Has an owner let the host's app in; returns the installation's id."""
    return at.host.install(namespace, client_id=next(iter(at.host.tokens.clients))).id


def uninstall(at: Place, *, namespace: str) -> None:
    """Ends the installation on an owner."""
    at.host.uninstall(_installed(at, namespace))


def suspend(at: Place, *, namespace: str, on: bool = True) -> None:
    """Suspends the installation on an owner, or lets it work again."""
    at.host.suspend(_installed(at, namespace), at=at.world.now() if on else None)


def _installed(at: Place, namespace: str) -> int:
    found = {each.namespace: each.id for each in at.host.installations.values()}
    return found[namespace]


def _named(at: Place, repository: int | str) -> Repository:
    if isinstance(repository, int):
        return at.host.repositories[repository]
    found = at.host.find_repository(repository)
    if found is None:
        raise KeyError(repository)
    return found


EDITS: dict[str, Callable[..., object]] = {
    "add-person": add_person,
    "add-repository": add_repository,
    "remove-repository": remove_repository,
    "rename-repository": rename_repository,
    "set-visibility": set_visibility,
    "archive": archive,
    "grant": grant,
    "revoke": revoke,
    "join": join,
    "leave": leave,
    "install": install,
    "uninstall": uninstall,
    "suspend": suspend,
}
