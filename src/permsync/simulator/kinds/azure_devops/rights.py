"""
Who may see what at Azure DevOps: organisations, repositories, and those that were disabled.

Rights are given on projects and repositories; what is open is open to the organisation at
least. Sources: "Change project visibility", "Disable or enable a repository".
"""

from permsync.simulator.host import Host
from permsync.simulator.kinds.azure_devops.rows import organisation_of
from permsync.simulator.repositories import Level, Repository


def belongs(host: Host, person: str, *, organisation: str) -> bool:
    """Whether a person is a member of an organisation, by any project or repository of it."""
    owners = {each.owner for each in host.memberships(person)}
    return any(
        person in space.members or space.name in owners
        for space in list(host.namespaces.values())
        if organisation_of(space.name) == organisation
    )


def is_listed(host: Host, person: str, repository: Repository) -> bool:
    """What was granted, and what is open to the members of the organisation."""
    if host.level(person, repository) >= Level.REPORTER:
        return True
    is_open = repository.visibility != "private"
    return is_open and belongs(host, person, organisation=organisation_of(repository.owner))


def reads(host: Host, person: str, repository: Repository) -> bool:
    """The same without what is disabled: it is in lists, and nobody gets at it."""
    return repository.code_access != "disabled" and is_listed(host, person, repository)
