"""
GitHub's role: titles, token habits, the words of its webhooks, its place in the sample world.

Bodies carry names, addresses and e-mail beside the ids, as GitHub's own do. Sources: GitHub's
webhook schemas, "Validating webhook deliveries", "Refreshing user access tokens".
"""

import hashlib
import hmac
from typing import Any

from permsync.simulator.happenings import Happening
from permsync.simulator.hooks import Hook, Letterhead, Said, Stamp, digest_of
from permsync.simulator.host import Host
from permsync.simulator.repositories import Account, Installation, Namespace
from permsync.simulator.role import Role, Sample
from permsync.simulator.tokens import DAY_SECONDS

_REPOSITORY = {
    "created": "created",
    "removed": "deleted",
    "renamed": "renamed",
    "transferred": "transferred",
    "made_private": "privatized",
    "made_internal": "privatized",
    "made_public": "publicized",
}
_INSTALLATION = {
    "installed": ("installation", "created"),
    "uninstalled": ("installation", "deleted"),
    "suspended": ("installation", "suspend"),
    "unsuspended": ("installation", "unsuspend"),
    "covered": ("installation_repositories", "added"),
    "uncovered": ("installation_repositories", "removed"),
}
_MEMBER = {"granted": "added", "regraded": "edited", "revoked": "removed"}


def says(happening: Happening) -> list[Said]:
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
    if event := _INSTALLATION.get(happening.what):
        account = _organization(happening.owner)
        installation = {"id": happening.installation, "account": account}
        body = {"action": event[1], "installation": installation, "sender": _user(person)}
        return [(event[0], body)]
    if action := _MEMBER.get(happening.what):
        return [("member", {"action": action, "member": _user(person), **about})]
    if happening.what in {"joined", "left"}:
        action = "member_added" if happening.what == "joined" else "member_removed"
        membership = {"user": _user(person), "role": "member", "state": "active"}
        return [("organization", {"action": action, "membership": membership, **about})]
    said: list[Said] = [("repository", {"action": _REPOSITORY[happening.what], **about})]
    return said + ([("public", about)] if happening.what == "made_public" else [])


def named(hook: Hook, stamp: Stamp) -> dict[str, str]:
    """Event, delivery and hook."""
    return {
        "X-GitHub-Event": stamp.event,
        "X-GitHub-Delivery": stamp.delivery_id,
        "X-GitHub-Hook-ID": str(hook.id),
        "X-GitHub-Hook-Installation-Target-Type": "organization",
    }


def proved(hook: Hook, _stamp: Stamp, body: bytes) -> dict[str, str]:
    """The digest of the body, and the older one beside it."""
    older = hmac.new(hook.secret.encode(), body, hashlib.sha1).hexdigest()
    newer = digest_of(hook, body).hex()
    return {"X-Hub-Signature-256": f"sha256={newer}", "X-Hub-Signature": f"sha1={older}"}


def fill(host: Host) -> None:
    """Install the app on every owner, on half of the repositories of the second one."""
    client_id = next(iter(host.tokens.clients))
    _, half, _ = SAMPLE.owners
    inside = [each.id for each in host.repositories.values() if each.owner == half]
    for owner in host.namespaces:
        number = host.next_id()
        host.installations[number] = Installation(number, client_id, owner)
        if owner == half:
            host.installations[number].selection = "selected"
            host.installations[number].selected = inside[: len(inside) // 2]


def _user(person: Account | None) -> dict[str, Any]:
    if person is None:
        return {"id": 1, "login": "admin", "type": "User"}
    return {"id": person.id, "login": person.login, "email": person.email, "type": "User"}


def _organization(owner: Namespace | None) -> dict[str, Any]:
    if owner is None:
        return {}
    return {"id": owner.id, "login": owner.name, "type": "Organization"}


SAMPLE = Sample(
    host="github",
    path="/github",
    scope="repo read:org",
    owners=("acme", "acme-labs", "orbit"),
    client_kind="github_app",
    options={"app": "github_app"},
    fill=fill,
)
ROLE = Role(
    title="GitHub",
    sample=SAMPLE,
    policy={
        "access_ttl_seconds": 28_800,
        "refresh_ttl_seconds": 184 * DAY_SECONDS,
        "newest_tokens_kept": 10,
    },
    says=says,
    letterhead=Letterhead(named, proved),
    prefixes={
        "oauth": ("gho_", ""),
        "oauth_expiring": ("gho_", "ghr_"),
        "github_app": ("ghu_", "ghr_"),
    },
    lasting=frozenset({"oauth"}),
    token_words=frozenset({"bearer", "token"}),
    redirect_optional=True,
    scopes_remembered=True,
    has_internal=True,
)
