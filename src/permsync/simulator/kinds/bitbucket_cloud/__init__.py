"""
Bitbucket Cloud's role: title, token habits, its webhooks, its place in the sample world.

Its webhooks are about repositories only. Sources: Atlassian's "Event payloads" and "OAuth on
Bitbucket Cloud".
"""

import uuid

from permsync.simulator.happenings import Happening
from permsync.simulator.hooks import Hook, Letterhead, Said, Stamp, digest_of
from permsync.simulator.role import Role, Sample, uuid_of
from permsync.simulator.tokens import DAY_SECONDS

_EVENTS = {
    "created": "repo:created",
    "removed": "repo:deleted",
    "renamed": "repo:updated",
    "transferred": "repo:transfer",
    "made_private": "repo:updated",
    "made_public": "repo:updated",
}


def says(happening: Happening) -> list[Said]:
    """Repositories only: nothing is said about people and their rights."""
    one, event = happening.repository, _EVENTS.get(happening.what)
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


def named(hook: Hook, stamp: Stamp) -> dict[str, str]:
    """Event, hook, delivery and that it is the first try."""
    return {
        "X-Event-Key": stamp.event,
        "X-Hook-UUID": str(uuid.uuid5(uuid.NAMESPACE_URL, hook.url)),
        "X-Request-UUID": stamp.delivery_id,
        "X-Attempt-Number": "1",
    }


def proved(hook: Hook, _stamp: Stamp, body: bytes) -> dict[str, str]:
    """The digest of the body."""
    return {"X-Hub-Signature": f"sha256={digest_of(hook, body).hex()}"}


ROLE = Role(
    title="Bitbucket Cloud",
    sample=Sample(
        host="bitbucket",
        path="/bitbucket",
        scope="account email repository",
        owners=("northwind", "contoso"),
        per_owner=35,
        client_scopes=("account", "email", "repository"),
    ),
    policy={
        "access_ttl_seconds": 7_200,
        "refresh_ttl_seconds": 90 * DAY_SECONDS,
        "old_access_dies": False,
    },
    says=says,
    letterhead=Letterhead(named, proved),
    redirect_optional=True,
    id_of=uuid_of,
    tells_archives=False,
)
