"""
Who may see and read what at a Gitea: owners that hide, teams by unit, openness, site admins.

One level of the world stands for one team of an organisation; below REPORTER it is a team
without the code. Knows nothing of HTTP. Source: models/perm/access/repo_permission.go.
"""

from permsync.simulator.host import Host
from permsync.simulator.repositories import Account, Level, Namespace, Repository

# A team's id tells its organisation and its level.
TEAMS_PER_OWNER = 100


def code_level(host: Host, account: Account, one: Repository) -> int:
    """The level that the person has on the code; 0 for none, or where code is switched off."""
    if one.code_access == "disabled":
        return Level.NONE
    if account.site_admin or owns(host, account, one):
        return Level.OWNER
    level = max(_given(account, one), _by_team(host, account, one), _by_openness(account, one))
    seen = sees_owner(account, host.namespaces[one.owner]) or _given(account, one)
    return level if seen and level >= Level.REPORTER else Level.NONE


def sees(host: Host, account: Account, one: Repository) -> bool:
    """Whether the person sees anything of the repository: any unit, the code or another."""
    if account.site_admin or owns(host, account, one) or _given(account, one):
        return True
    shown = bool(_by_team(host, account, one) or _by_openness(account, one))
    return shown and sees_owner(account, host.namespaces[one.owner])


def owns(host: Host, account: Account, one: Repository) -> bool:
    """Whether it is the person's own."""
    owner = host.namespaces[one.owner]
    return owner.personal and owner.members.get(account.person) == Level.OWNER


def administers(host: Host, account: Account, one: Repository) -> bool:
    """Whether the person is one of its administrators, or the site's."""
    level = max(_given(account, one), _by_team(host, account, one))
    return account.site_admin or owns(host, account, one) or level >= Level.MAINTAINER


def is_listed(host: Host, account: Account, one: Repository) -> bool:
    """Whether it is one of "my" repositories: own, given, a team's, a private owner's open one."""
    owner = host.namespaces[one.owner]
    inside = owner.visibility == "private" and account.person in owner.members
    held = _given(account, one) or _by_team(host, account, one)
    return bool(held) or owns(host, account, one) or (inside and one.visibility != "private")


def sees_owner(account: Account, owner: Namespace) -> bool:
    """Whether the owner shows itself to the person."""
    if owner.visibility == "public" or account.site_admin:
        return True
    if owner.visibility == "limited" and not account.restricted:
        return True
    return account.person in owner.members


def collaborators(host: Host, one: Repository) -> list[Account]:
    """Those to whom this one repository was given."""
    return [each for each in host.accounts.values() if _given(each, one)]


def teams(owner: Namespace) -> list[int]:
    """The levels of the teams that hold the owner's repositories."""
    return sorted({level for level in owner.members.values() if level > Level.NONE}, reverse=True)


def team_members(host: Host, owner: Namespace, level: int) -> list[Account]:
    """The members of one team."""
    return [each for each in host.accounts.values() if owner.members.get(each.person) == level]


def _given(account: Account, one: Repository) -> int:
    """Collaborators have the code; there is nothing less."""
    level = one.members.get(account.person, 0)
    return level if level >= Level.REPORTER else 0


def _by_team(host: Host, account: Account, one: Repository) -> int:
    return host.namespaces[one.owner].members.get(account.person, 0)


def _by_openness(account: Account, one: Repository) -> int:
    return 0 if one.visibility == "private" or account.restricted else Level.REPORTER
