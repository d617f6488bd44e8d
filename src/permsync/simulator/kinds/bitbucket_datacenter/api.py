"""
Bitbucket Data Center's REST API: a probe, repositories, people and who may read what.

A caller without a good token is anonymous where public access is on: listings then answer 200
and show public repositories or nothing. Facts: the REST description of Data Center 9.2.
"""

from bisect import bisect_left
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from permsync.simulator.exchange import (
    AccountRefused,
    Exchange,
    Refused,
    Unauthorized,
    json_answer,
)
from permsync.simulator.paging import rows_of_page
from permsync.simulator.repositories import Account, Level, Repository

API = "/rest/api/{version}"
MOST_PER_PAGE = 1000
_LEVELS = {
    "REPO_READ": Level.REPORTER,
    "REPO_WRITE": Level.DEVELOPER,
    "REPO_ADMIN": Level.MAINTAINER,
}


def recent_repositories(exchange: Exchange) -> Response:
    """GET /profile/recent/repos: the probe, for authenticated callers only."""
    person = exchange.signed_in().person
    rows = exchange.host.memberships(person)[:10]
    return _simple_page(exchange, [_repository_row(exchange, each) for each in rows])


def repositories(exchange: Exchange) -> Response:
    """
    GET /repos: with `permission` what was granted, without it also what is public.

    Starts are positions before filtering, doubled, so that `nextPageStart` is never
    `start + limit` and an empty page can stand between any two rows.
    """
    person = _caller(exchange)
    rows, positions = _filtered(exchange, person)
    size = exchange.asked_number("limit", 25, most=MOST_PER_PAGE)
    start = exchange.asked_number("start", 0)
    first = bisect_left(positions, start)
    empty = exchange.host.faults.empty_page == first // size + 1 and start % 2 == 0
    page = [] if empty else rows_of_page(exchange, rows, start=first, size=size)
    last = not empty and first + size >= len(rows)
    body: dict[str, Any] = {
        "size": len(page),
        "limit": size,
        "isLastPage": last,
        "start": start,
        "values": [_repository_row(exchange, each) for each in page],
    }
    if not last:
        body["nextPageStart"] = start + 1 if empty else positions[first + size - 1] + 1
    return json_answer(body)


def repository(exchange: Exchange) -> Response:
    """GET /projects/{key}/repos/{slug}: 401 where the caller may not read it."""
    person = _caller(exchange)
    found = _named(exchange)
    if found.visibility != "public" and not _reads_private(exchange, person, found):
        raise Refused(401, "You are not permitted to access this resource")
    return json_answer(_repository_row(exchange, found))


def repository_users(exchange: Exchange) -> Response:
    """GET .../permissions/users: explicit grants; 401 for those who do not administer it."""
    person = exchange.signed_in().person
    found = _named(exchange)
    if exchange.host.level(person, found) < Level.MAINTAINER:
        raise Refused(401, "You are not permitted to access this resource")
    names = {level: name for name, level in _LEVELS.items()}
    rows = [
        {
            "user": _user_row(exchange.host.accounts[member]),
            "permission": names[max(each for each in names if each <= level)],
        }
        for member, level in found.members.items()
        if level >= Level.REPORTER
    ]
    return _simple_page(exchange, rows)


def users(exchange: Exchange) -> Response:
    """GET /users: by `filter`, or those who hold `permission.1` on a repository in any way."""
    exchange.signed_in()
    host = exchange.host
    people = list(host.accounts.values())
    if exchange.asked("permission.1"):
        number = exchange.asked_number("permission.1.repositoryId", 0)
        found = host.repositories.get(number)
        least = _LEVELS.get(exchange.asked("permission.1"))
        if found is None or least is None:
            raise Refused(404, "Repository does not exist.")
        people = [each for each in people if host.level(each.person, found) >= least]
    wanted = exchange.asked("filter").lower()
    rows = [_user_row(each) for each in people if wanted in each.login.lower()]
    return _simple_page(exchange, rows)


def user(exchange: Exchange) -> Response:
    """GET /users/{slug}."""
    exchange.signed_in()
    slug = exchange.params["slug"]
    for account in exchange.host.accounts.values():
        if _slug(account.login) == slug:
            return json_answer(_user_row(account))
    raise Refused(404, f"User {slug} does not exist.")


def application_properties(exchange: Exchange) -> Response:
    """GET /application-properties: open to everybody, names the caller in a header."""
    _caller(exchange)
    return json_answer(
        {
            "version": "9.2.0",
            "buildNumber": "9002000",
            "buildDate": "1700000000000",
            "displayName": "Bitbucket",
        }
    )


def _caller(exchange: Exchange) -> str | None:
    """The caller, or None for an anonymous one where public access is on."""
    try:
        return exchange.signed_in().person
    except (Unauthorized, AccountRefused):
        if exchange.host.policy.public_access:
            return None
        raise


def _scoped(exchange: Exchange) -> bool:
    """Whether the token's scopes reach private repositories."""
    scopes = exchange.pair.scopes if exchange.pair else []
    return any(scope.startswith(("REPO_", "PROJECT_", "SYSTEM_")) for scope in scopes)


def _reads_private(exchange: Exchange, person: str | None, found: Repository) -> bool:
    level = exchange.host.level(person, found) if person else 0
    return level >= Level.REPORTER and _scoped(exchange)


def _filtered(exchange: Exchange, person: str | None) -> tuple[list[Repository], list[int]]:
    """The whole listing by id, and each row's position; cached until an edit."""
    permission = exchange.asked("permission")
    archived = exchange.asked("archived", default="ACTIVE")
    visibility = exchange.asked("visibility")
    if permission and permission not in _LEVELS:
        raise Refused(400, "permission is not a repository permission")
    host, scoped = exchange.host, _scoped(exchange)

    def matches(each: Repository) -> bool:
        public = each.visibility == "public"
        level = host.level(person, each) if person and (scoped or public) else 0
        granted = level >= _LEVELS.get(permission, Level.REPORTER)
        return (
            (granted or (public and not permission))
            and (archived == "ALL" or each.archived == (archived == "ARCHIVED"))
            and (not visibility or public == (visibility == "public"))
        )

    def build() -> tuple[list[Repository], list[int]]:
        found = [(2 * at + 1, each) for at, each in enumerate(host.by_id()) if matches(each)]
        return [each for _, each in found], [at for at, _ in found]

    return host.cached(("repos", person, scoped, permission, archived, visibility), build)


def _named(exchange: Exchange) -> Repository:
    key, slug = exchange.params["key"], exchange.params["repo"]
    found = exchange.host.find_repository(f"{key}/{slug}")
    if found is None:
        raise Refused(404, f"Repository {key}/{slug} does not exist.")
    return found


def _slug(name: str) -> str:
    return "".join(each if each.isalnum() or each in "-._" else "_" for each in name.lower())


def _repository_row(exchange: Exchange, repository: Repository) -> dict[str, Any]:
    project = exchange.host.namespaces[repository.owner]
    link = f"{exchange.base}/projects/{project.name}/repos/{repository.name}/browse"
    return {
        "id": repository.id,
        "slug": _slug(repository.name),
        "name": repository.name,
        "hierarchyId": repository.uuid.strip("{}").replace("-", "")[:20],
        "scmId": "git",
        "state": "AVAILABLE",
        "statusMessage": "Available",
        "forkable": True,
        "public": repository.visibility == "public",
        "archived": repository.archived,
        "project": {
            "id": project.id,
            "key": project.name,
            "name": project.name,
            "public": False,
            "type": "PERSONAL" if project.personal else "NORMAL",
        },
        "links": {"self": [{"href": link}]},
    }


def _user_row(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.login,
        "slug": _slug(account.login),
        "emailAddress": account.email,
        "displayName": account.full_name,
        "active": account.state == "active",
        "type": "NORMAL",
    }


def _simple_page(exchange: Exchange, rows: list[dict[str, Any]]) -> Response:
    size = exchange.asked_number("limit", 25, most=MOST_PER_PAGE)
    start = exchange.asked_number("start", 0)
    page = rows_of_page(exchange, rows, start=start, size=size)
    last = start + size >= len(rows)
    body: dict[str, Any] = {"size": len(page), "limit": size, "isLastPage": last}
    body |= {"start": start, "values": page}
    return json_answer(body if last else body | {"nextPageStart": start + size})


API_ROUTES = (
    Route(f"{API}/profile/recent/repos", recent_repositories),
    Route(f"{API}/repos", repositories),
    Route(f"{API}/users", users),
    Route(f"{API}/users/{{slug}}", user),
    Route(f"{API}/application-properties", application_properties),
    Route(f"{API}/projects/{{key}}/repos/{{repo}}", repository),
    Route(f"{API}/projects/{{key}}/repos/{{repo}}/permissions/users", repository_users),
)
