"""
Gitea's role: title, token habits, its webhooks, its place in the sample world.

Webhooks tell of repositories that come and go, under the names of four kinds of hosts. Sources:
services/webhook/deliver.go, modules/structs/hook.go, modules/setting/oauth2.go.
"""

import hashlib
import hmac
from typing import Any

from permsync.simulator.happenings import Happening
from permsync.simulator.hooks import Hook, Letterhead, Said, Stamp, digest_of
from permsync.simulator.host import Host
from permsync.simulator.repositories import Account, Level, Namespace
from permsync.simulator.role import Role, Sample

_ACTIONS = {"created": "created", "removed": "deleted"}


def says(happening: Happening) -> list[Said]:
    """`repository`, and a push that never was for a test; nothing of people and rights."""
    one, owner = happening.repository, _owner(happening.owner)
    about: dict[str, Any] = {"sender": _sender(happening.person), "organization": owner}
    if one is not None:
        about["repository"] = {
            "id": one.id,
            "name": one.name,
            "full_name": one.full_name,
            "private": one.visibility == "private",
            "owner": owner,
        }
    if happening.what == "ping":
        return [("push", {"ref": "refs/heads/main", "commits": [], **about})]
    action = _ACTIONS.get(happening.what)
    return [("repository", {"action": action, **about})] if action and one is not None else []


def named(_hook: Hook, stamp: Stamp) -> dict[str, str]:
    """Event and delivery, as Gitea, as Gogs and as GitHub."""
    return {
        f"X-{family}-{name}": value
        for family in ("Gitea", "Gogs", "GitHub")
        for name, value in (
            ("Event", stamp.event),
            ("Event-Type", stamp.event),
            ("Delivery", stamp.delivery_id),
        )
    }


def proved(hook: Hook, _stamp: Stamp, body: bytes) -> dict[str, str]:
    """The digest of the body, bare under two names and marked under GitHub's."""
    newer = digest_of(hook, body).hex()
    older = hmac.new(hook.secret.encode(), body, hashlib.sha1).hexdigest()
    return {
        "X-Gitea-Signature": newer,
        "X-Gogs-Signature": newer,
        "X-Hub-Signature": f"sha1={older}",
        "X-Hub-Signature-256": f"sha256={newer}",
    }


def fill(host: Host) -> None:
    """Owners that hide what they call public, a team without the code, a restricted person."""
    for person, account in host.accounts.items():
        if person in host.namespaces:
            # People and organisations are rows of one table.
            host.namespaces[person].id = account.id
    limited, private = host.add_namespace("salon"), host.add_namespace("cabinet")
    limited.visibility, private.visibility = "limited", "private"
    host.add_repository("salon/handbook", visibility="public")
    host.add_repository("cabinet/minutes", visibility="public")
    host.add_repository("cabinet/budget")
    host.join("linus", namespace="cabinet", level=Level.REPORTER)
    host.join("margaret", namespace=SAMPLE.owners[1], level=Level.GUEST)
    host.accounts["margaret"].restricted = True


def _sender(person: Account | None) -> dict[str, Any]:
    if person is None:
        return {"id": 1, "login": "admin", "username": "admin"}
    return {"id": person.id, "login": person.login, "username": person.login}


def _owner(owner: Namespace | None) -> dict[str, Any] | None:
    return None if owner is None else {"id": owner.id, "login": owner.name}


SAMPLE = Sample(
    host="gitea",
    path="/gitea/git",
    scope="read:user read:repository read:organization",
    owners=("guild", "studio", "workshop"),
    fill=fill,
)
ROLE = Role(
    title="Gitea",
    sample=SAMPLE,
    policy={
        "access_ttl_seconds": 3_600,
        "refresh_ttl_seconds": 730 * 3_600,
        "rotation": "tolerant",
        "old_access_dies": False,
    },
    says=says,
    letterhead=Letterhead(named, proved),
    token_words=frozenset({"bearer", "token"}),
    refreshes_blocked=True,
)
