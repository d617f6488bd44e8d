"""
How each kind of host words what happened: its events, and their bodies as far as anybody reads.

Bodies carry names, addresses and e-mail beside the ids, as the hosts' own do. Hosts that say
nothing about a thing say nothing here. Sources: GitHub's webhook schemas, GitLab's "System
hooks", Atlassian's "Event payloads" for Cloud and Data Center.
"""

from collections.abc import Callable
from typing import Any

from permsync.simulator.happenings import Happening
from permsync.simulator.host import Kind
from permsync.simulator.repositories import Account, Level, Namespace

Said = tuple[str, dict[str, Any]]
MADE_AT = "2024-03-01T09:00:00Z"
_GITHUB_REPOSITORY = {
    "created": "created",
    "removed": "deleted",
    "renamed": "renamed",
    "transferred": "transferred",
    "made_private": "privatized",
    "made_internal": "privatized",
    "made_public": "publicized",
}
_GITHUB_MEMBER = {"granted": "added", "regraded": "edited", "revoked": "removed"}
_GITLAB_TEAM = {
    "granted": "user_add_to_team",
    "regraded": "user_update_for_team",
    "revoked": "user_remove_from_team",
}
_GITLAB_GROUP = {"joined": "user_add_to_group", "left": "user_remove_from_group"}
_GITLAB_PROJECT = {
    "created": "project_create",
    "removed": "project_destroy",
    "renamed": "project_rename",
    "transferred": "project_transfer",
    "made_private": "project_update",
    "made_internal": "project_update",
    "made_public": "project_update",
}
_CLOUD = {
    "created": "repo:created",
    "removed": "repo:deleted",
    "renamed": "repo:updated",
    "transferred": "repo:transfer",
    "made_private": "repo:updated",
    "made_public": "repo:updated",
}


def github(happening: Happening) -> list[Said]:
    """`member`, `organization`, `repository`, `public` and what concerns an app."""
    person, one = happening.person, happening.repository
    about = {"sender": _user(person), "organization": _organization(happening.owner)}
    if one is not None:
        about["repository"] = {
            "id": one.id,
            "full_name": one.full_name,
            "name": one.name,
            "private": one.visibility != "public",
            "visibility": one.visibility,
            "owner": _organization(happening.owner),
        }
    if happening.what == "ping":
        return [("ping", {"zen": "Design for failure.", "hook_id": 1})]
    if happening.what == "authorization_revoked":
        return [("github_app_authorization", {"action": "revoked", "sender": _user(person)})]
    if action := _GITHUB_MEMBER.get(happening.what):
        return [("member", {"action": action, "member": _user(person), **about})]
    if happening.what in {"joined", "left"}:
        action = "member_added" if happening.what == "joined" else "member_removed"
        membership = {"user": _user(person), "role": "member", "state": "active"}
        return [("organization", {"action": action, "membership": membership, **about})]
    said: list[Said] = [("repository", {"action": _GITHUB_REPOSITORY[happening.what], **about})]
    return said + ([("public", about)] if happening.what == "made_public" else [])


def gitlab(happening: Happening) -> list[Said]:
    """System hooks: teams, groups and projects; a blocked user or an ended consent is none."""
    person, one, owner = happening.person, happening.repository, happening.owner
    at = {"created_at": MADE_AT, "updated_at": MADE_AT}
    if happening.what == "ping":
        return [("push", {"object_kind": "push", "project_id": 15, "user_id": 4})]
    if event := _GITLAB_GROUP.get(happening.what):
        group = {} if owner is None else {"group_id": owner.id, "group_path": owner.name}
        return [(event, {**at, **group, **_gitlab_user(person)})]
    if one is None:
        return []
    visibility = {"project_visibility": one.visibility}
    if event := _GITLAB_TEAM.get(happening.what):
        project = {"project_id": one.id, "project_path_with_namespace": one.full_name}
        level = Level(one.members.get(person.person, 0)).name.title() if person else ""
        about = {**at, **project, **visibility, "access_level": level}
        return [(event, {**about, **_gitlab_user(person)})]
    project = {"project_id": one.id, "path_with_namespace": one.full_name, "name": one.name}
    before = {"old_path_with_namespace": happening.was} if happening.was else {}
    event = _GITLAB_PROJECT[happening.what]
    return [(event, {**at, **project, **before, **visibility, "owner_email": "o@example.com"})]


def bitbucket_cloud(happening: Happening) -> list[Said]:
    """Repositories only: nothing is said about people and their rights."""
    one, event = happening.repository, _CLOUD.get(happening.what)
    if one is None or event is None:
        return []
    workspace = {} if happening.owner is None else {"uuid": happening.owner.uuid}
    repository = {
        "type": "repository",
        "uuid": one.uuid,
        "full_name": one.full_name,
        "is_private": one.visibility != "public",
        "workspace": workspace,
    }
    changes = {"name": {"old": happening.was, "new": one.name}} if happening.was else {}
    actor = {"type": "user", "uuid": "{00000000-0000-4000-8000-000000000000}", "nickname": "admin"}
    return [(event, {"actor": actor, "repository": repository, "changes": changes})]


def bitbucket_datacenter(happening: Happening) -> list[Said]:
    """A changed name and a test; nothing is said of rights, openness and deletion."""
    one = happening.repository
    if happening.what == "ping":
        return [("diagnostics:ping", {"test": True})]
    if one is None or happening.what != "renamed":
        return []
    project = None if happening.owner is None else {"key": one.owner, "id": happening.owner.id}
    row = {"slug": one.name, "id": one.id, "name": one.name, "project": project}
    actor = {"name": "admin", "emailAddress": "admin@example.com", "id": 1, "slug": "admin"}
    about = {"eventKey": "repo:modified", "date": MADE_AT, "actor": actor}
    return [("repo:modified", {**about, "old": {**row, "name": happening.was}, "new": row})]


def _user(person: Account | None) -> dict[str, Any]:
    if person is None:
        return {"id": 1, "login": "admin", "type": "User"}
    return {"id": person.id, "login": person.login, "email": person.email, "type": "User"}


def _organization(owner: Namespace | None) -> dict[str, Any]:
    if owner is None:
        return {}
    return {"id": owner.id, "login": owner.name, "type": "Organization"}


def _gitlab_user(person: Account | None) -> dict[str, Any]:
    if person is None:
        return {}
    return {
        "user_id": person.id,
        "user_name": person.full_name,
        "user_username": person.login,
        "user_email": person.email,
    }


def none_of(_happening: Happening) -> list[Said]:
    """A kind that sends nothing."""
    return []


WORDS: dict[Kind, Callable[[Happening], list[Said]]] = {
    "github": github,
    "gitlab": gitlab,
    "bitbucket_cloud": bitbucket_cloud,
    "bitbucket_datacenter": bitbucket_datacenter,
    "openid": none_of,
}
