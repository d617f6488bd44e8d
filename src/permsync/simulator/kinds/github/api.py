"""
GitHub's REST API: who the caller is and which repositories the caller may see.

OAuth tokens need scope `repo` for anything that is not public; tokens of a GitHub App reach what
both the person and a working installation reach. Facts: the REST reference for GHES 3.19.
"""

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from permsync.simulator.exchange import Exchange, Refused, json_answer
from permsync.simulator.kinds.github import rows as github_rows
from permsync.simulator.kinds.github.installations import installed
from permsync.simulator.paging import link_to, rows_of_page
from permsync.simulator.repositories import Installation, Level, Repository
from permsync.simulator.tokens import Pair

API = "/api/v3"
MOST_PER_PAGE = 100


def user(exchange: Exchange) -> Response:
    """GET /user."""
    return json_answer(github_rows.account_row(exchange.base, exchange.me()))


def user_repositories(exchange: Exchange) -> Response:
    """GET /user/repos, and the other path that its `next` links may use."""
    pair = exchange.signed_in()
    if exchange.asked("type") and (exchange.asked("visibility") or exchange.asked("affiliation")):
        raise Refused(422, "If you specify visibility or affiliation, you cannot specify type.")
    rows = _filtered(exchange, pair)
    by_id = f"{API}/repositories/{exchange.host.accounts[pair.person].id}/user/repos"
    next_path = by_id if exchange.host.faults.next_by_id else None
    return _page(exchange, pair, rows, next_path=next_path)


def installations(exchange: Exchange) -> Response:
    """GET /user/installations: those of this client where the person can see something."""
    pair = exchange.signed_in()
    _need_app(exchange, pair)
    host = exchange.host
    rows = [
        github_rows.installation_row(exchange.base, each, owner=host.namespaces[each.namespace])
        for each in list(host.installations.values())
        if each.client_id == pair.client_id and _reachable(exchange, pair.person, each)
    ]
    size = exchange.asked_number("per_page", 30, most=MOST_PER_PAGE)
    start = (exchange.asked_number("page", 1) - 1) * size
    page = rows_of_page(exchange, rows, start=start, size=size)
    return json_answer(
        {"total_count": len(rows), "installations": page},
        headers=links(exchange, total=len(rows), size=size, next_path=None),
    )


def installation_repositories(exchange: Exchange) -> Response:
    """GET /user/installations/{id}/repositories: what person and installation both reach."""
    pair = exchange.signed_in()
    _need_app(exchange, pair)
    found = exchange.host.installations.get(exchange.params["installation"])
    if found is None or found.client_id != pair.client_id:
        raise Refused(404, "Not Found")
    if found.suspended_at is not None:
        raise Refused(403, "This installation has been suspended")
    hidden = exchange.host.namespaces[found.namespace].id in exchange.host.faults.sso_partial
    reachable = [] if hidden else _reachable(exchange, pair.person, found)
    rows = [each for each in reachable if found.covers(each)]
    return _page(exchange, pair, rows, wrapped=found)


def repository(exchange: Exchange) -> Response:
    """GET /repos/{owner}/{repo} and GET /repositories/{id}; 404 where it is hidden."""
    pair = exchange.signed_in()
    found = _named(exchange)
    level = _level(exchange, pair.person, found) if found else 0
    if found is None or (found.visibility != "public" and level < Level.REPORTER):
        raise Refused(404, "Not Found")
    owner = exchange.host.namespaces[found.owner]
    if owner.id in exchange.host.faults.sso_partial:
        url = f"{exchange.base}/orgs/{owner.name}/sso"
        text = "Resource protected by organization SAML enforcement."
        raise Refused(403, text, headers={"X-GitHub-SSO": f"required; url={url}"})
    if found.visibility != "public" and not _may_see_private(exchange, pair, found):
        raise Refused(404, "Not Found")
    row = github_rows.full_repository_row(exchange.base, found, owner=owner, level=level)
    return json_answer(row)


def collaborators(exchange: Exchange) -> Response:
    """GET /repos/{owner}/{repo}/collaborators: everybody who reads it, to writers and to apps."""
    found = _named(exchange)
    by = installed(exchange, needs="metadata")
    if by is None:
        level = _level(exchange, exchange.signed_in().person, found) if found else 0
    else:
        level = Level.DEVELOPER if found is not None and by.covers(found) else 0
    if found is None or level < Level.REPORTER:
        raise Refused(404, "Not Found")
    if level < Level.DEVELOPER:
        raise Refused(403, "Must have push access to view repository collaborators.")
    host = exchange.host
    rows = []
    for account in list(host.accounts.values()):
        theirs = host.level(account.person, found)
        if theirs >= Level.REPORTER:
            row = github_rows.simple_user(
                exchange.base, number=account.id, login=account.login, organization=False
            )
            rights = github_rows.permissions(theirs)
            role = [name for name, held in rights.items() if held][-1]
            names = {"pull": "read", "push": "write"}
            rows.append(row | {"permissions": rights, "role_name": names.get(role, role)})
    size = exchange.asked_number("per_page", 30, most=MOST_PER_PAGE)
    start = (exchange.asked_number("page", 1) - 1) * size
    page = rows_of_page(exchange, rows, start=start, size=size)
    headers = links(exchange, total=len(rows), size=size, next_path=None)
    return json_answer(page, headers=headers)


def _named(exchange: Exchange) -> Repository | None:
    if "id" in exchange.params:
        return exchange.host.repositories.get(exchange.params["id"])
    return exchange.host.find_repository("{owner}/{repo}".format(**exchange.params))


def _level(exchange: Exchange, person: str, repository: Repository) -> int:
    """The person's level, counting that an enterprise's members read its internal repositories."""
    host = exchange.host
    level = host.level(person, repository)
    if repository.visibility != "internal" or level >= Level.REPORTER:
        return level
    enterprise = host.namespaces[repository.owner].enterprise
    inside = any(
        person in space.members
        for space in host.namespaces.values()
        if space.name == repository.owner or (enterprise and space.enterprise == enterprise)
    )
    return Level.REPORTER if inside else level


def _readable(exchange: Exchange, person: str) -> list[Repository]:
    """What `/user/repos` may list: granted ones, and internal ones of the person's own orgs."""
    host = exchange.host

    def build() -> list[Repository]:
        return [
            each
            for each in list(host.repositories.values())
            if host.level(person, each) >= Level.REPORTER
            or (each.visibility == "internal" and person in host.namespaces[each.owner].members)
        ]

    return host.cached(("readable", person), build)


def _reachable(exchange: Exchange, person: str, installation: Installation) -> list[Repository]:
    host = exchange.host
    key = ("reachable", person, installation.namespace)
    return host.cached(
        key,
        lambda: [each for each in _readable(exchange, person) if each.owner == key[2]],
    )


def _may_see_private(exchange: Exchange, pair: Pair, repository: Repository) -> bool:
    if exchange.host.tokens.clients[pair.client_id].kind != "github_app":
        return "repo" in pair.scopes
    found = exchange.host.installations.values()
    return any(each.covers(repository) for each in found if each.client_id == pair.client_id)


def _filtered(exchange: Exchange, pair: Pair) -> list[Repository]:
    """The whole listing in order; cached, except where installations or faults narrow it."""
    asked = exchange.request.query_params
    wanted = asked.get("visibility") or {"public": "public", "private": "private"}.get(
        asked.get("type", ""), "all"
    )
    affiliations = frozenset(
        asked.get("affiliation", "owner,collaborator,organization_member").split(",")
    )
    if asked.get("type") in {"owner", "member"}:
        members = {"collaborator", "organization_member"}
        affiliations = frozenset({"owner"} if asked["type"] == "owner" else members)
    sort = asked.get("sort", "full_name")
    descending = asked.get("direction", "asc" if sort == "full_name" else "desc") == "desc"
    hidden = frozenset(exchange.host.faults.sso_partial)
    app = exchange.host.tokens.clients[pair.client_id].kind == "github_app"
    scoped = app or "repo" in pair.scopes

    def build() -> list[Repository]:
        rows = [
            each
            for each in _readable(exchange, pair.person)
            if (scoped or each.visibility == "public")
            and wanted in {"all", "public" if each.visibility == "public" else "private"}
            and affiliations & _affiliations(exchange, pair.person, each)
            and exchange.host.namespaces[each.owner].id not in hidden
            and (not app or _may_see_private(exchange, pair, each))
        ]
        by_name = sort == "full_name"
        key = (lambda each: each.full_name.lower()) if by_name else (lambda each: each.id)
        return sorted(rows, key=key, reverse=descending)

    if app:
        return build()
    asked_for = (pair.person, wanted, affiliations, sort, descending, hidden, scoped)
    return exchange.host.cached(("listing", asked_for), build)


def _affiliations(exchange: Exchange, person: str, repository: Repository) -> set[str]:
    owner = exchange.host.namespaces[repository.owner]
    if owner.personal and owner.name == exchange.host.accounts[person].login:
        return {"owner"}
    found = {"organization_member"} if person in owner.members else set()
    return found | ({"collaborator"} if person in repository.members else set())


def _page(
    exchange: Exchange,
    pair: Pair,
    rows: list[Repository],
    *,
    next_path: str | None = None,
    wrapped: Installation | None = None,
) -> Response:
    size = exchange.asked_number("per_page", 30, most=MOST_PER_PAGE)
    number = exchange.asked_number("page", 1)
    page = rows_of_page(exchange, rows, start=(number - 1) * size, size=size)
    bodies = [_encoded(exchange, pair.person, each) for each in page]
    headers = links(exchange, total=len(rows), size=size, next_path=next_path)
    missing = exchange.host.faults.sso_partial
    if missing and number == 1:
        organizations = ",".join(map(str, missing))
        headers["X-GitHub-SSO"] = f"partial-results; organizations={organizations}"
    if wrapped is None:
        return json_answer(bodies, headers=headers)
    content = {
        "total_count": len(rows),
        "repository_selection": wrapped.selection,
        "repositories": bodies,
    }
    return json_answer(content, headers=headers)


def _encoded(exchange: Exchange, person: str, repository: Repository) -> msgspec.Raw:
    """A repository's JSON, kept until the next edit: benchmarks ask for many."""
    host, base = exchange.host, exchange.base
    level = _level(exchange, person, repository)

    def build() -> msgspec.Raw:
        owner = host.namespaces[repository.owner]
        row = github_rows.repository_row(base, repository, owner=owner, level=level)
        return msgspec.Raw(msgspec.json.encode(row))

    return host.cached(("row", base, repository.id, level), build)


def links(exchange: Exchange, *, total: int, size: int, next_path: str | None) -> dict[str, str]:
    """The `Link` header of the page that was asked for, none on the last one."""
    number = exchange.asked_number("page", 1)
    last = max(1, -(-total // size))
    if number >= last:
        return {}
    next_url = link_to(exchange, {"page": number + 1}, path=next_path)
    last_url = link_to(exchange, {"page": last}, path=next_path)
    return {"Link": f'<{next_url}>; rel="next", <{last_url}>; rel="last"'}


def _need_app(exchange: Exchange, pair: Pair) -> None:
    if exchange.host.tokens.clients[pair.client_id].kind != "github_app":
        text = "You must authenticate with an access token authorized to a GitHub App"
        raise Refused(403, text)


API_ROUTES = (
    Route(f"{API}/user", user),
    Route(f"{API}/user/repos", user_repositories),
    Route(f"{API}/repositories/{{account:int}}/user/repos", user_repositories),
    Route(f"{API}/user/installations", installations),
    Route(f"{API}/user/installations/{{installation:int}}/repositories", installation_repositories),
    Route(f"{API}/repos/{{owner}}/{{repo}}", repository),
    Route(f"{API}/repositories/{{id:int}}", repository),
    Route(f"{API}/repos/{{owner}}/{{repo}}/collaborators", collaborators),
    Route(f"{API}/repositories/{{id:int}}/collaborators", collaborators),
)
