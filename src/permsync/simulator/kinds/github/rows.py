"""
The JSON objects of GitHub's REST API, complete enough for its published OpenAPI description.

Pure shapes: who may see what is decided in api.py. Source: the description of GitHub
Enterprise Server 3.19, schemas `repository`, `simple-user`, `private-user`, `installation`.
"""

from datetime import UTC, datetime
from typing import Any

from permsync.simulator.repositories import Account, Installation, Level, Namespace, Repository

MADE_AT = "2024-03-01T09:00:00Z"
APP_NUMBER = 1

_REPOSITORY_LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
    "url": "",
}
_USER_LINKS = {
    "events_url": "/events{/privacy}",
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "organizations_url": "/orgs",
    "received_events_url": "/received_events",
    "repos_url": "/repos",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "url": "",
}
_COUNTS = (
    "forks",
    "forks_count",
    "open_issues",
    "open_issues_count",
    "stargazers_count",
    "watchers",
    "watchers_count",
)


def instant(seconds: float) -> str:
    """Epoch seconds as GitHub writes instants."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def simple_user(base: str, *, number: int, login: str, organization: bool) -> dict[str, Any]:
    """Schema `simple-user`, for people and for organisations."""
    api = f"{base}/api/v3/users/{login}"
    row: dict[str, Any] = {name: api + tail for name, tail in _USER_LINKS.items()}
    row |= {
        "id": number,
        "node_id": f"U_{number}",
        "login": login,
        "avatar_url": f"{base}/avatars/{number}",
        "gravatar_id": "",
        "html_url": f"{base}/{login}",
        "site_admin": False,
        "type": "Organization" if organization else "User",
    }
    return row


def account_row(base: str, account: Account) -> dict[str, Any]:
    """Schema `private-user`: the answer of `GET /user`."""
    row = simple_user(base, number=account.id, login=account.login, organization=False)
    row |= {
        "name": account.full_name,
        "email": account.email,
        "bio": None,
        "blog": "",
        "company": None,
        "hireable": None,
        "location": None,
        "created_at": MADE_AT,
        "updated_at": MADE_AT,
        "two_factor_authentication": True,
        "user_view_type": "private",
    }
    counts = ("followers", "following", "public_gists", "public_repos", "collaborators")
    more = ("disk_usage", "owned_private_repos", "private_gists", "total_private_repos")
    return row | dict.fromkeys(counts + more, 0)


def permissions(level: int) -> dict[str, bool]:
    """The five rights that a level means."""
    return {
        "pull": level >= Level.REPORTER,
        "triage": level >= Level.TRIAGE,
        "push": level >= Level.DEVELOPER,
        "maintain": level >= Level.MAINTAINER,
        "admin": level >= Level.OWNER,
    }


def repository_row(
    base: str, repository: Repository, *, owner: Namespace, level: int
) -> dict[str, Any]:
    """Schema `repository`, with the caller's rights."""
    api = f"{base}/api/v3/repos/{repository.full_name}"
    row: dict[str, Any] = {name: api + tail for name, tail in _REPOSITORY_LINKS.items()}
    row |= dict.fromkeys(_COUNTS, 0)
    row |= dict.fromkeys(("description", "homepage", "language", "mirror_url", "license"))
    row |= dict.fromkeys(("has_issues", "has_projects", "has_wiki"), True)
    row |= dict.fromkeys(("fork", "disabled", "has_pages", "has_discussions"), False)
    html = f"{base}/{repository.full_name}"
    row |= {
        "id": repository.id,
        "node_id": f"R_{repository.id}",
        "name": repository.name,
        "full_name": repository.full_name,
        "owner": simple_user(
            base, number=owner.id, login=owner.name, organization=not owner.personal
        ),
        "private": repository.visibility != "public",
        "visibility": repository.visibility,
        "archived": repository.archived,
        "permissions": permissions(level),
        "default_branch": "main",
        "html_url": html,
        "clone_url": f"{html}.git",
        "git_url": f"git:{html}.git",
        "ssh_url": f"git@{repository.full_name}.git",
        "svn_url": html,
        "has_downloads": False,
        "size": repository.id % 10_000,
        "pushed_at": MADE_AT,
        "created_at": MADE_AT,
        "updated_at": MADE_AT,
    }
    return row


def full_repository_row(
    base: str, repository: Repository, *, owner: Namespace, level: int
) -> dict[str, Any]:
    """Schema `full-repository`: the answer for one repository."""
    row = repository_row(base, repository, owner=owner, level=level)
    return row | {"network_count": 0, "subscribers_count": 0}


def installation_row(base: str, installation: Installation, *, owner: Namespace) -> dict[str, Any]:
    """Schema `installation`."""
    api = f"{base}/api/v3"
    suspended_at = installation.suspended_at
    return {
        "id": installation.id,
        "account": simple_user(
            base, number=owner.id, login=owner.name, organization=not owner.personal
        ),
        "app_id": APP_NUMBER,
        "app_slug": "permsync",
        "client_id": installation.client_id,
        "target_id": owner.id,
        "target_type": "User" if owner.personal else "Organization",
        "single_file_name": None,
        "repository_selection": installation.selection,
        "access_tokens_url": f"{api}/app/installations/{installation.id}/access_tokens",
        "repositories_url": f"{api}/installation/repositories",
        "html_url": f"{base}/organizations/{owner.name}/settings/installations/{installation.id}",
        "events": [],
        "permissions": installation.permissions,
        "created_at": MADE_AT,
        "updated_at": MADE_AT,
        "suspended_by": None,
        "suspended_at": None if suspended_at is None else instant(suspended_at),
    }
