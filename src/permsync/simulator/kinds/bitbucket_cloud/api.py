"""
Bitbucket Cloud's REST API: the caller, the caller's workspaces and repositories in each.

Listings are per workspace; the cross-workspace ones are gone and answer 410 (CHANGE-2770). Facts:
Bitbucket Cloud's OpenAPI description, June 2026.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from permsync.simulator.exchange import Answered, Exchange, Refused, json_answer
from permsync.simulator.fields import selected
from permsync.simulator.kinds.bitbucket_cloud.rows import permission, repository_row, user_row
from permsync.simulator.paging import link_to, rows_of_page
from permsync.simulator.repositories import Account, Level, Namespace, Repository

_Row = TypeVar("_Row")
API = "/2.0"
MOST_PER_PAGE = 100
GRANT_FIELDS = (
    "values.type",
    "values.permission",
    "values.user",
    "values.repository.type",
    "values.repository.uuid",
    "values.repository.full_name",
    "values.repository.name",
)
_PAGE_FIELDS = ("pagelen", "page", "size", "next")


def user(exchange: Exchange) -> Response:
    """GET /2.0/user."""
    account = _caller(exchange, "account")
    return _answer(exchange, user_row(account), usual=["*"])


def emails(exchange: Exchange) -> Response:
    """GET /2.0/user/emails: the primary address, and one that was never confirmed."""
    account = _caller(exchange, "email")
    rows = [
        {"type": "email", "email": account.email, "is_primary": True, "is_confirmed": True},
        {"type": "email", "email": f"old-{account.email}", "is_primary": False}
        | {"is_confirmed": False},
    ]
    return _page(exchange, rows, lambda row: row, usual=["values"])


def workspaces(exchange: Exchange) -> Response:
    """GET /2.0/user/workspaces: where the caller is a member or has a repository."""
    account = _caller(exchange, "account")
    host = exchange.host
    owners = {each.owner for each in host.memberships(account.person)}
    rows = [
        space
        for space in list(host.namespaces.values())
        if account.person in space.members or space.name in owners
    ]
    return _page(
        exchange,
        rows,
        lambda space: {
            "type": "workspace_access",
            "administrator": space.members.get(account.person, 0) >= Level.OWNER,
            "workspace": {"type": "workspace_base", "uuid": space.uuid, "slug": space.name},
        },
        usual=["values"],
    )


def granted_repositories(exchange: Exchange) -> Response:
    """
    GET /2.0/user/workspaces/{ws}/permissions/repositories: the caller's own permissions.

    Of the query language only an equality of `repository.uuid` is known.
    """
    account = _caller(exchange, "account", "repository")
    space = _workspace(exchange)
    host = exchange.host
    rows = host.cached(
        ("granted", account.person, space.name),
        lambda: [each for each in host.memberships(account.person) if each.owner == space.name],
    )
    if wanted := exchange.asked("q").replace(" ", ""):
        name, _, value = wanted.partition("=")
        if name != "repository.uuid":
            raise Refused(400, "Invalid query.")
        rows = [each for each in rows if each.uuid == value.strip('"')]
    return _page(
        exchange,
        rows,
        lambda each: {
            "type": "repository_permission",
            "permission": permission(host.level(account.person, each)),
            "repository": _row(exchange, each),
        },
        usual=GRANT_FIELDS,
        key=lambda each: (each.id, host.level(account.person, each)),
    )


def workspace_permissions(exchange: Exchange) -> Response:
    """GET /2.0/workspaces/{ws}/permissions/repositories[/{repo}], for administrators."""
    account = _caller(exchange, "account" if "repo" not in exchange.params else "repository")
    space = _workspace(exchange)
    host = exchange.host
    chosen = [each for each in host.by_id() if each.owner == space.name]
    if "repo" in exchange.params:
        found = _named(exchange, space)
        chosen = [found] if found else []
    if not all(host.level(account.person, each) >= Level.MAINTAINER for each in chosen):
        raise Refused(403, "You must be an administrator to see permissions.")
    rows = [
        (each, theirs, level)
        for each in chosen
        for theirs in host.accounts.values()
        if (level := host.level(theirs.person, each))
    ]
    return _page(
        exchange,
        rows,
        lambda row: {
            "type": "repository_permission",
            "permission": permission(row[2]),
            "user": user_row(row[1]),
            "repository": _row(exchange, row[0]),
        },
        usual=GRANT_FIELDS,
    )


def repositories(exchange: Exchange) -> Response:
    """GET /2.0/repositories/{ws}: visible ones, or with `role` those the caller was given."""
    person = _caller(exchange, "repository").person
    space = _workspace(exchange)
    role = exchange.asked("role")
    wanted = exchange.asked("q").replace(" ", "")
    if wanted not in {"", "is_private=true", "is_private=false"}:
        raise Refused(400, "Invalid query.")
    least = {"member": Level.REPORTER, "contributor": Level.DEVELOPER, "admin": Level.MAINTAINER}
    host = exchange.host

    def build() -> list[Repository]:
        return [
            each
            for each in host.by_id()
            if each.owner == space.name
            and (not wanted or (each.visibility != "public") == wanted.endswith("true"))
            and (
                host.level(person, each) >= least.get(role, Level.REPORTER)
                or (not role and each.visibility == "public")
            )
        ]

    rows = host.cached(("repositories", person, space.name, role, wanted), build)
    return _page(
        exchange,
        rows,
        lambda each: _row(exchange, each),
        usual=["values"],
        key=lambda each: each.id,
    )


def repository(exchange: Exchange) -> Response:
    """GET /2.0/repositories/{ws}/{repo}, by name or uuid: 403 where it is private to others."""
    person = _caller(exchange, "repository").person
    found = _named(exchange, _workspace(exchange))
    if found is None:
        raise Refused(404, "Repository not found")
    readable = exchange.host.level(person, found) >= Level.REPORTER
    if found.visibility != "public" and not readable:
        raise Refused(403, "Your credentials do not have access to this repository.")
    return _answer(exchange, _row(exchange, found), usual=["*"])


def gone(exchange: Exchange) -> Response:
    """The removed cross-workspace endpoints."""
    raise Refused(410, f"{exchange.record.path} has been removed. See CHANGE-2770.")


def _caller(exchange: Exchange, *scopes: str) -> Account:
    account = exchange.me()
    granted = exchange.pair.scopes if exchange.pair else []
    if not set(scopes) <= set(granted):
        text = "Your credentials lack one or more required privilege scopes."
        detail = {"required": list(scopes), "granted": granted}
        error = {"message": exchange.words(text), "detail": detail}
        raise Answered(json_answer({"type": "error", "error": error}, status=403))
    return account


def _workspace(exchange: Exchange) -> Namespace:
    name = exchange.params["workspace"]
    found = next(
        (each for each in exchange.host.namespaces.values() if name in {each.name, each.uuid}), None
    )
    if found is None:
        raise Refused(404, f"No workspace with identifier '{name}'.")
    if found.name in exchange.host.faults.forbidden_namespaces:
        raise Refused(403, "Your credentials do not have access to the workspace.")
    return found


def _named(exchange: Exchange, space: Namespace) -> Repository | None:
    name = exchange.params["repo"]
    by_uuid = exchange.host.cached(
        "by_uuid", lambda: {each.uuid: each for each in exchange.host.by_id()}
    )
    if name in by_uuid:
        return by_uuid[name] if by_uuid[name].owner == space.name else None
    return exchange.host.find_repository(f"{space.name}/{name}")


def _row(exchange: Exchange, repository: Repository) -> dict[str, Any]:
    owner = exchange.host.namespaces[repository.owner]
    return repository_row(exchange.base, repository, owner=owner)


def _answer(exchange: Exchange, full: dict[str, Any], *, usual: Sequence[str]) -> Response:
    return json_answer(selected(full, usual=usual, asked=exchange.asked("fields")))


def _page(
    exchange: Exchange,
    rows: Sequence[_Row],
    shown: Callable[[_Row], dict[str, Any]],
    *,
    usual: Sequence[str],
    key: Callable[[_Row], object] | None = None,
) -> Response:
    """One page; rows with a `key` are encoded once until the next edit: benchmarks ask for many."""
    size = exchange.asked_number("pagelen", 10, most=MOST_PER_PAGE)
    number = exchange.asked_number("page", 1)
    page = rows_of_page(exchange, rows, start=(number - 1) * size, size=size)
    asked = exchange.asked("fields")

    def fresh(row: _Row) -> msgspec.Raw:
        chosen = selected({"values": [shown(row)]}, usual=usual, asked=asked)
        return msgspec.Raw(msgspec.json.encode(chosen["values"][0]))

    def encoded(row: _Row) -> msgspec.Raw:
        if key is None:
            return fresh(row)
        name = ("row", exchange.base, tuple(usual), asked, key(row))
        return exchange.host.cached(name, lambda: fresh(row))

    full: dict[str, Any] = {"values": [], "pagelen": size, "page": number, "size": len(rows)}
    if number * size < len(rows):
        full["next"] = link_to(exchange, {"page": number + 1})
    body = selected(full, usual=["values", *_PAGE_FIELDS], asked=asked)
    if "values" in body:
        body["values"] = [encoded(row) for row in page]
    return json_answer(body)


API_ROUTES = (
    Route(f"{API}/user", user),
    Route(f"{API}/user/emails", emails),
    Route(f"{API}/user/workspaces", workspaces),
    Route(f"{API}/user/workspaces/{{workspace}}/permissions/repositories", granted_repositories),
    Route(f"{API}/user/permissions/repositories", gone),
    Route(f"{API}/user/permissions/workspaces", gone),
    Route(f"{API}/workspaces/{{workspace}}/permissions/repositories", workspace_permissions),
    Route(
        f"{API}/workspaces/{{workspace}}/permissions/repositories/{{repo}}", workspace_permissions
    ),
    Route(f"{API}/repositories", gone),
    Route(f"{API}/repositories/{{workspace}}", repositories),
    Route(f"{API}/repositories/{{workspace}}/{{repo}}", repository),
)
