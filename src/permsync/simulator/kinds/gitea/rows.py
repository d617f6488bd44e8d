"""
The JSON objects of Gitea's API.

Pure shapes: who may see what is decided in rights.py. Source: modules/structs and
services/convert.
"""

from typing import Any

from permsync.simulator.kinds.gitea.rights import TEAMS_PER_OWNER
from permsync.simulator.repositories import Account, Level, Namespace, Repository

MADE_AT = "2024-03-01T09:00:00Z"
NEVER = "0001-01-01T00:00:00Z"


def user_row(account: Account, *, told: bool) -> dict[str, Any]:
    """A person; only to themselves and to site administrators the state is `told`."""
    return {
        **_shown(account.id, account.login, account.full_name),
        "email": account.email,
        "restricted": account.restricted,
        "visibility": "public",
        "is_admin": told and account.site_admin,
        "active": told and account.state != "deactivated",
        "prohibit_login": told and account.state == "blocked",
        "last_login": MADE_AT if told else NEVER,
    }


def owner_row(owner: Namespace) -> dict[str, Any]:
    """An owner, in the shape of a person."""
    return {
        **_shown(owner.id, owner.name, ""),
        "email": "",
        "restricted": False,
        "visibility": owner.visibility,
        "is_admin": False,
        "active": False,
        "prohibit_login": False,
        "last_login": NEVER,
    }


def repository_row(
    one: Repository, owner: Namespace, *, base: str, level: int, administers: bool
) -> dict[str, Any]:
    """A repository, with what the caller may do: `level` is the one on the code."""
    web = f"{base}/{one.full_name}"
    private = one.visibility == "private"
    return {
        "id": one.id,
        "owner": owner_row(owner),
        "name": one.name,
        "full_name": one.full_name,
        "description": "",
        "empty": False,
        "private": private,
        "internal": not private and owner.visibility == "private",
        "fork": False,
        "template": False,
        "mirror": False,
        "archived": one.archived,
        "size": 22,
        "html_url": web,
        "clone_url": f"{web}.git",
        "default_branch": "main",
        "created_at": MADE_AT,
        "updated_at": MADE_AT,
        "permissions": {
            "admin": administers,
            "push": level >= Level.DEVELOPER,
            "pull": level >= Level.REPORTER,
        },
    }


def team_row(owner: Namespace, level: int) -> dict[str, Any]:
    """A team of every repository of its organisation; below REPORTER it has no code."""
    administers = level >= Level.MAINTAINER
    permission = ("owner" if level == Level.OWNER else "admin") if administers else "none"
    code = permission if administers else _word(level)
    units = {"repo.code": code, "repo.issues": code if code != "none" else "write"}
    return {
        "id": owner.id * TEAMS_PER_OWNER + level,
        "name": "Owners" if level == Level.OWNER else f"level-{level}",
        "description": "",
        "organization": None,
        "includes_all_repositories": True,
        "permission": permission,
        "units": list(units),
        "units_map": units,
        "can_create_org_repo": administers,
    }


def permission_row(account: Account, level: int) -> dict[str, Any]:
    """What one person may do, in one word."""
    word = "admin" if level >= Level.MAINTAINER else _word(level)
    word = "owner" if level >= Level.OWNER else word
    return {"permission": word, "role_name": word, "user": user_row(account, told=False)}


def _word(level: int) -> str:
    if level >= Level.DEVELOPER:
        return "write"
    return "read" if level >= Level.REPORTER else "none"


def _shown(number: int, login: str, full_name: str) -> dict[str, Any]:
    return {
        "id": number,
        "login": login,
        "username": login,
        "login_name": "",
        "full_name": full_name,
        "language": "",
        "created": MADE_AT,
    }
