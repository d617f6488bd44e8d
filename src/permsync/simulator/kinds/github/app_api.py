"""
GitHub's REST API for apps: who installed them, tokens for that, and what each of them reaches.

Facts: "REST API endpoints for GitHub Apps" and "... for GitHub App installations".
"""

from starlette.responses import Response
from starlette.routing import Route

from permsync.simulator.exchange import Exchange, Refused, json_answer
from permsync.simulator.kinds.github import rows as github_rows
from permsync.simulator.kinds.github.api import API, MOST_PER_PAGE, links
from permsync.simulator.kinds.github.installations import SUSPENDED, app_of, installed, mint
from permsync.simulator.paging import rows_of_page

_CREATED = 201


def installations(exchange: Exchange) -> Response:
    """GET /app/installations: every owner who installed the app, thirty unless asked."""
    client, host = app_of(exchange), exchange.host
    found = [
        each for each in list(host.installations.values()) if each.client_id == client.client_id
    ]
    size = exchange.asked_number("per_page", 30, most=MOST_PER_PAGE)
    start = (exchange.asked_number("page", 1) - 1) * size
    page = [
        github_rows.installation_row(exchange.base, each, owner=host.namespaces[each.namespace])
        for each in rows_of_page(exchange, found, start=start, size=size)
    ]
    headers = links(exchange, total=len(found), size=size, next_path=None)
    return json_answer(page, headers=headers)


def access_tokens(exchange: Exchange) -> Response:
    """POST /app/installations/{id}/access_tokens: 201, and a token for an hour."""
    client = app_of(exchange)
    found = exchange.host.installations.get(exchange.params["installation"])
    if found is None or found.client_id != client.client_id:
        raise Refused(404, "Not Found")
    if found.suspended_at is not None:
        raise Refused(403, SUSPENDED)
    token = mint(exchange, found)
    body = {
        "token": token.access,
        "expires_at": github_rows.instant(token.expires_at),
        "permissions": found.permissions,
        "repository_selection": found.selection,
    }
    return json_answer(body, status=_CREATED)


def repositories(exchange: Exchange) -> Response:
    """GET /installation/repositories: what the installation reaches; an app has no rights there."""
    by = installed(exchange, needs="metadata")
    if by is None:
        raise Refused(403, "You must authenticate with an installation access token")
    host = exchange.host
    found = [each for each in host.by_id() if by.covers(each)]
    size = exchange.asked_number("per_page", 30, most=MOST_PER_PAGE)
    start = (exchange.asked_number("page", 1) - 1) * size
    page = [
        github_rows.repository_row(exchange.base, each, owner=host.namespaces[each.owner], level=0)
        for each in rows_of_page(exchange, found, start=start, size=size)
    ]
    headers = links(exchange, total=len(found), size=size, next_path=None)
    body = {
        "total_count": len(found),
        "repository_selection": by.selection,
        "repositories": page,
    }
    return json_answer(body, headers=headers)


APP_ROUTES = (
    Route(f"{API}/app/installations", installations),
    Route(
        f"{API}/app/installations/{{installation:int}}/access_tokens",
        access_tokens,
        methods=["POST"],
    ),
    Route(f"{API}/installation/repositories", repositories),
)
