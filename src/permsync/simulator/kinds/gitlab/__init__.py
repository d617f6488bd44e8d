"""
GitLab's role: title, token habits, the words of its system hooks, its place in the sample world.

Sources: GitLab's "System hooks", "Webhooks" (token and signing token) and "OAuth 2.0 identity
provider API".
"""

import base64
import hashlib
import hmac
import uuid
from typing import Any

from permsync.simulator.happenings import Happening
from permsync.simulator.hooks import Hook, Letterhead, Said, Stamp, digest_of
from permsync.simulator.host import Host
from permsync.simulator.repositories import Account, Level
from permsync.simulator.role import Role, Sample

MADE_AT = "2024-03-01T09:00:00Z"
# How the secrets of the newer form begin (Standard Webhooks).
KEY = "whsec_"
_TEAM = {
    "granted": "user_add_to_team",
    "regraded": "user_update_for_team",
    "revoked": "user_remove_from_team",
}
_GROUP = {"joined": "user_add_to_group", "left": "user_remove_from_group"}
_PROJECT = {
    "created": "project_create",
    "removed": "project_destroy",
    "renamed": "project_rename",
    "transferred": "project_transfer",
    "made_private": "project_update",
    "made_internal": "project_update",
    "made_public": "project_update",
}


def says(happening: Happening) -> list[Said]:
    """System hooks: teams, groups and projects; a blocked user or an ended consent is none."""
    person, one, owner = happening.person, happening.repository, happening.owner
    at = {"created_at": MADE_AT, "updated_at": MADE_AT}
    if happening.what == "ping":
        return [("push", {"object_kind": "push", "project_id": 15, "user_id": 4})]
    if event := _GROUP.get(happening.what):
        group = {} if owner is None else {"group_id": owner.id, "group_path": owner.name}
        return [(event, {**at, **group, **_user(person)})]
    if one is None:
        return []
    visibility = {"project_visibility": one.visibility}
    if event := _TEAM.get(happening.what):
        project = {"project_id": one.id, "project_path_with_namespace": one.full_name}
        level = Level(one.members.get(person.person, 0)).name.title() if person else ""
        about = {**at, **project, **visibility, "access_level": level}
        return [(event, {**about, **_user(person)})]
    project = {"project_id": one.id, "path_with_namespace": one.full_name, "name": one.name}
    before = {"old_path_with_namespace": happening.was} if happening.was else {}
    event = _PROJECT[happening.what]
    return [(event, {**at, **project, **before, **visibility, "owner_email": "o@example.com"})]


def named(hook: Hook, stamp: Stamp) -> dict[str, str]:
    """The same event for all; which one it is stands in the body."""
    return {
        "X-Gitlab-Event": "System Hook",
        "X-Gitlab-Event-UUID": str(uuid.uuid4()),
        "X-Gitlab-Webhook-UUID": str(uuid.uuid5(uuid.NAMESPACE_URL, hook.url)),
        "Idempotency-Key": stamp.delivery_id,
    }


def proved(hook: Hook, stamp: Stamp, body: bytes) -> dict[str, str]:
    """The token itself; in the newer form id, time and body are signed."""
    if hook.style == "token":
        return {"X-Gitlab-Token": hook.secret}
    if hook.style == "signature":
        return {"X-Hub-Signature": f"sha256={digest_of(hook, body).hex()}"}
    key = base64.b64decode(hook.secret.removeprefix(KEY))
    signed = f"{stamp.delivery_id}.{stamp.at_seconds}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return {
        "webhook-id": stamp.delivery_id,
        "webhook-timestamp": str(stamp.at_seconds),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def fill(host: Host) -> None:
    """A public project whose code is not, and two members who may not read code."""
    first = [each for each in host.repositories.values() if each.owner == SAMPLE.owners[0]]
    host.set_visibility(first[9].id, "public", code_access="private")
    host.grant("margaret", first[1].id, level=Level.GUEST)
    host.grant("margaret", first[2].id, level=Level.PLANNER)


def _user(person: Account | None) -> dict[str, Any]:
    if person is None:
        return {}
    return {
        "user_id": person.id,
        "user_name": person.full_name,
        "user_username": person.login,
        "user_email": person.email,
    }


SAMPLE = Sample(
    host="gitlab",
    path="/gitlab",
    scope="read_api read_user",
    owners=("platform", "research", "research/vision"),
    fill=fill,
)
ROLE = Role(
    title="GitLab",
    sample=SAMPLE,
    policy={"access_ttl_seconds": 7_200, "redirect_uri_on_refresh": True},
    says=says,
    letterhead=Letterhead(named, proved, event_field="event_name", style="token"),
    has_internal=True,
)
