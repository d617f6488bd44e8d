"""
The JSON objects of Bitbucket Cloud's REST API: people, repositories, permissions.

Pure shapes: who may see what is decided in api.py. Source: Bitbucket Cloud's
OpenAPI description, June 2026.
"""

from typing import Any

from permsync.simulator.repositories import Account, Level, Namespace, Repository

MADE_AT = "2024-03-01T09:00:00+00:00"


def permission(level: int) -> str:
    """The word for a level; a member who may not read has permission `none`."""
    if level >= Level.MAINTAINER:
        return "admin"
    if level >= Level.DEVELOPER:
        return "write"
    return "read" if level >= Level.REPORTER else "none"


def user_row(account: Account) -> dict[str, Any]:
    """A person, by both immutable ids; there is no `username` any more."""
    return {
        "type": "user",
        "uuid": account.uuid,
        "account_id": account.account_id,
        "nickname": account.login,
        "display_name": account.full_name,
        "account_status": account.state,
    }


def repository_row(base: str, repository: Repository, *, owner: Namespace) -> dict[str, Any]:
    """A repository; it has no `archived` flag."""
    return {
        "type": "repository",
        "uuid": repository.uuid,
        "full_name": repository.full_name,
        "name": repository.name,
        "slug": repository.name,
        "is_private": repository.visibility != "public",
        "parent": None,
        "size": repository.id * 1_000,
        "scm": "git",
        "description": "",
        "mainbranch": {"type": "branch", "name": "main"},
        "workspace": {"type": "workspace", "uuid": owner.uuid, "slug": owner.name},
        "created_on": MADE_AT,
        "updated_on": MADE_AT,
        "links": {"html": {"href": f"{base}/{repository.full_name}"}},
    }
