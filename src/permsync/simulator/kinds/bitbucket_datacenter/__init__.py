"""
Bitbucket Data Center's role: title, token habits, its webhooks, its place in the sample world.

Nothing is said there of rights, openness and deletion. Sources: Atlassian's "Event payload" and
"Bitbucket OAuth 2.0 provider API".
"""

from permsync.simulator.happenings import Happening
from permsync.simulator.hooks import Hook, Letterhead, Said, Stamp, digest_of
from permsync.simulator.role import Role, Sample
from permsync.simulator.tokens import DAY_SECONDS

MADE_AT = "2024-03-01T09:00:00Z"


def says(happening: Happening) -> list[Said]:
    """A changed name and a test."""
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


def named(_hook: Hook, stamp: Stamp) -> dict[str, str]:
    """Event and delivery."""
    return {"X-Event-Key": stamp.event, "X-Request-Id": stamp.delivery_id}


def proved(hook: Hook, _stamp: Stamp, body: bytes) -> dict[str, str]:
    """The digest of the body."""
    return {"X-Hub-Signature": f"sha256={digest_of(hook, body).hex()}"}


ROLE = Role(
    title="Bitbucket Data Center",
    sample=Sample(
        host="bitbucket-dc",
        path="/bitbucket-dc/bitbucket",
        scope="REPO_READ",
        owners=("CORE", "APPS"),
        per_owner=25,
        personal="~{}",
    ),
    policy={
        "access_ttl_seconds": 3_600,
        "refresh_ttl_seconds": 90 * DAY_SECONDS,
        "code_ttl_seconds": 10,
        "old_access_dies": False,
        "redirect_uri_on_refresh": True,
    },
    says=says,
    letterhead=Letterhead(named, proved),
    tells_levels=False,
)
