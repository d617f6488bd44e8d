"""
GitLab's REST API: the caller, the caller's projects, one project and its members.

`default_branch` is sent only to those who may read code, as lib/api/entities does. Facts:
"Projects API", "REST API pagination" and "Project members API" in GitLab's documentation.
"""

from bisect import bisect_right
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from permsync.simulator.exchange import Answered, Exchange, Refused, json_answer
from permsync.simulator.paging import link_to, rows_of_page
from permsync.simulator.repositories import Level, Repository

API = "/api/v4"
MOST_PER_PAGE = 100
TOTALS_UP_TO = 10_000
OFFSET_UP_TO = 50_000
MADE_AT = "2024-03-01T09:00:00.000Z"


def user(exchange: Exchange) -> Response:
    """GET /user; needs `read_user`, `read_api` or `api`."""
    account = exchange.me()
    _need_scope(exchange, "read_user", "read_api", "api")
    return json_answer(
        {
            "id": account.id,
            "username": account.login,
            "name": account.full_name,
            "email": account.email,
            "state": account.state,
            "confirmed_at": MADE_AT,
            "external": False,
            "web_url": f"{exchange.base}/{account.login}",
        }
    )


def projects(exchange: Exchange) -> Response:
    """GET /projects, by offset or by keyset; needs `read_api` or `api`."""
    person = exchange.signed_in().person
    _need_scope(exchange, "read_api", "api")
    rows = _filtered(exchange, person)
    if exchange.asked("pagination") == "keyset":
        return _keyset_page(exchange, person, rows)
    return _offset_page(exchange, person, rows)


def project(exchange: Exchange) -> Response:
    """GET /projects/:id, by number or by escaped path; 404 where it is hidden."""
    person = exchange.signed_in().person
    _need_scope(exchange, "read_api", "api")
    found = _named(exchange)
    return json_answer(_project_row(exchange, person, found))


def members(exchange: Exchange) -> Response:
    """GET /projects/:id/members/all: one row for each member, with the highest level."""
    exchange.signed_in()
    _need_scope(exchange, "read_api", "api")
    found = _named(exchange)
    host = exchange.host
    rows = [
        {
            "id": account.id,
            "username": account.login,
            "name": account.full_name,
            "state": account.state,
            "access_level": int(level),
            "membership_state": "active",
            "expires_at": None,
            "created_at": MADE_AT,
        }
        for account in list(host.accounts.values())
        if (level := host.level(account.person, found))
    ]
    size = exchange.asked_number("per_page", 20, most=MOST_PER_PAGE)
    start = (exchange.asked_number("page", 1) - 1) * size
    page = rows_of_page(exchange, rows, start=start, size=size)
    return json_answer(page, headers=_offset_headers(exchange, total=len(rows), size=size))


def _need_scope(exchange: Exchange, *accepted: str) -> None:
    """Status 403 without WWW-Authenticate, in an envelope of its own."""
    if exchange.pair is not None and not set(accepted) & set(exchange.pair.scopes):
        text = "The request requires higher privileges than provided by the access token."
        body = {
            "error": "insufficient_scope",
            "error_description": exchange.words(text),
            "scope": " ".join(accepted),
        }
        raise Answered(json_answer(body, status=403))


def _named(exchange: Exchange) -> Repository:
    """The project of the path, if the caller may see that it exists; raises Refused."""
    name = unquote(exchange.params["project"])
    host = exchange.host
    found = host.repositories.get(int(name)) if name.isdecimal() else host.find_repository(name)
    person = exchange.pair.person if exchange.pair else ""
    if found is None or (found.visibility == "private" and not host.level(person, found)):
        raise Refused(404, "404 Project Not Found")
    return found


def _reads_code(exchange: Exchange, person: str, repository: Repository) -> bool:
    level = exchange.host.level(person, repository)
    if repository.code_access == "disabled":
        return False
    if level >= Level.REPORTER or person in repository.custom_readers:
        return True
    if repository.code_access == "private":
        return repository.visibility != "private" and level >= Level.GUEST
    return repository.visibility != "private"


def _filtered(exchange: Exchange, person: str) -> list[Repository]:
    """The whole listing by id; cached until an edit."""
    host = exchange.host
    member = exchange.asked("membership") == "true"
    least = exchange.asked_number("min_access_level", 0)
    visibility = exchange.asked("visibility")
    descending = exchange.asked("sort", default="desc") == "desc"

    def build() -> list[Repository]:
        everything = host.by_id()
        rows = [
            each
            for each in (host.memberships(person) if member else everything)
            if (each.visibility != "private" or host.level(person, each))
            and host.level(person, each) >= least
            and visibility in {"", each.visibility}
        ]
        return rows[::-1] if descending else rows

    return host.cached(("projects", person, member, least, visibility, descending), build)


def _keyset_page(exchange: Exchange, person: str, rows: list[Repository]) -> Response:
    if exchange.asked("order_by", default="created_at") != "id":
        text = "Keyset pagination is not yet available for this type of request"
        raise Refused(405, text)
    size = exchange.asked_number("per_page", 20, most=MOST_PER_PAGE)
    descending = exchange.asked("sort", default="desc") == "desc"
    name = "id_before" if descending else "id_after"
    start = 0
    if exchange.asked(name):
        bound = exchange.asked_number(name, 0)
        start = bisect_right(rows, -bound if descending else bound, key=_order(descending))
    page = rows_of_page(exchange, rows, start=start, size=size)
    headers = {}
    if page:
        following = link_to(exchange, {name: page[-1].id})
        headers["Link"] = f'<{following}>; rel="next"'
    return json_answer([_encoded(exchange, person, each) for each in page], headers=headers)


def _order(descending: bool) -> Callable[[Repository], int]:  # noqa: FBT001
    return lambda each: -each.id if descending else each.id


def _offset_page(exchange: Exchange, person: str, rows: list[Repository]) -> Response:
    size = exchange.asked_number("per_page", 20, most=MOST_PER_PAGE)
    start = (exchange.asked_number("page", 1) - 1) * size
    if start > OFFSET_UP_TO:
        text = (
            "Offset pagination has a maximum allowed offset of 50000 for requests that return "
            "objects of type Project. Remaining records can be retrieved using keyset pagination."
        )
        raise Refused(405, text)
    if exchange.asked("id_after"):
        rows = [each for each in rows if each.id > exchange.asked_number("id_after", 0)]
    if exchange.asked("id_before"):
        rows = [each for each in rows if each.id < exchange.asked_number("id_before", 0)]
    page = rows_of_page(exchange, rows, start=start, size=size)
    headers = _offset_headers(exchange, total=len(rows), size=size)
    return json_answer([_encoded(exchange, person, each) for each in page], headers=headers)


def _offset_headers(exchange: Exchange, *, total: int, size: int) -> dict[str, str]:
    number = exchange.asked_number("page", 1)
    last = max(1, -(-total // size))
    following = str(number + 1) if number < last else ""
    headers = {"x-page": str(number), "x-per-page": str(size), "x-next-page": following}
    links = []
    if following:
        links.append(f'<{link_to(exchange, {"page": following})}>; rel="next"')
    if total <= TOTALS_UP_TO:
        headers |= {"x-total": str(total), "x-total-pages": str(last)}
        links.append(f'<{link_to(exchange, {"page": last})}>; rel="last"')
    return headers | ({"Link": ", ".join(links)} if links else {})


def _encoded(exchange: Exchange, person: str, repository: Repository) -> msgspec.Raw:
    """A project's JSON for this person, kept until the next edit."""
    host = exchange.host
    return host.cached(
        ("row", exchange.base, repository.id, person),
        lambda: msgspec.Raw(msgspec.json.encode(_project_row(exchange, person, repository))),
    )


def _project_row(exchange: Exchange, person: str, repository: Repository) -> dict[str, Any]:
    host, web = exchange.host, f"{exchange.base}/{repository.full_name}"
    direct = repository.members.get(person)
    inherited = host.namespaces[repository.owner].members.get(person)
    row: dict[str, Any] = {
        "id": repository.id,
        "name": repository.name,
        "path": repository.name,
        "path_with_namespace": repository.full_name,
        "namespace": {
            "id": host.namespaces[repository.owner].id,
            "full_path": repository.owner,
            "kind": "user" if host.namespaces[repository.owner].personal else "group",
        },
        "description": None,
        "visibility": repository.visibility,
        "repository_access_level": repository.code_access,
        "archived": repository.archived,
        "empty_repo": False,
        "created_at": MADE_AT,
        "last_activity_at": MADE_AT,
        "web_url": web,
        "http_url_to_repo": f"{web}.git",
        "permissions": {
            "project_access": {"access_level": direct} if direct else None,
            "group_access": {"access_level": inherited} if inherited else None,
        },
    }
    if _reads_code(exchange, person, repository):
        row |= {"default_branch": "main", "forks_count": 0, "readme_url": f"{web}/README.md"}
    return row


API_ROUTES = (
    Route(f"{API}/user", user),
    Route(f"{API}/projects", projects),
    Route(f"{API}/projects/{{project:path}}/members/all", members),
    Route(f"{API}/projects/{{project:path}}", project),
)
