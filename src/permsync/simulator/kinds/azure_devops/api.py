"""
Azure DevOps' REST API: the caller's profile and organisations, repositories of each organisation.

One service here, three on the Internet. An organisation answers 401 to people whom it does not
know, and to all programs where it lets none in. Facts: Microsoft's REST description 7.1 and
"Change application connection & security policies".
"""

from typing import Any

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from permsync.simulator.exchange import Answered, Exchange, Refused, json_answer
from permsync.simulator.kinds.azure_devops.rights import belongs, is_listed, reads
from permsync.simulator.kinds.azure_devops.rows import (
    RESOURCE,
    id_of,
    organisation_of,
    organisation_row,
    profile_row,
    repository_row,
)
from permsync.simulator.paging import rows_of_page
from permsync.simulator.repositories import Account, Repository

UNAUTHORISED = "TF400813: The user '{}' is not authorized to access this resource."
MISSING = (
    "TF401019: The Git repository with name or identifier {} does not exist or you do not have "
    "permissions for the operation you are attempting."
)


def profile(exchange: Exchange) -> Response:
    """GET /_apis/profile/profiles/{profile}: one's own, as `me` or by id."""
    account = _caller(exchange)
    if exchange.params["profile"].lower() not in {"me", id_of(account)}:
        raise Refused(404, "The profile does not exist.")
    return json_answer(profile_row(account))


def organisations(exchange: Exchange) -> Response:
    """GET /_apis/accounts: the caller's organisations; those of others are told to nobody."""
    account, host = _caller(exchange), exchange.host
    member = exchange.asked("memberId").lower()
    if not member:
        raise Refused(400, "One of the following parameters is required: ownerId, memberId.")
    names = _organisations(exchange) if member == id_of(account) else []
    return _all(
        exchange,
        [
            organisation_row(name)
            for name in names
            if belongs(host, account.person, organisation=name)
        ],
    )


def repositories(exchange: Exchange) -> Response:
    """GET /{organisation}/_apis/git/repositories: all of its projects', on one page."""
    account, host = _caller(exchange), exchange.host
    organisation = _organisation(exchange, account)
    rows = host.cached(
        ("rows", exchange.base, account.person, organisation),
        lambda: [
            _row(exchange, each)
            for each in _inside(exchange, organisation)
            if is_listed(host, account.person, each)
        ],
    )
    return _all(exchange, rows)


def repository(exchange: Exchange) -> Response:
    """GET /{organisation}/_apis/git/repositories/{repository}, by id."""
    account = _caller(exchange)
    number = exchange.params["repository"].lower()
    for each in _inside(exchange, _organisation(exchange, account)):
        if id_of(each) == number and reads(exchange.host, account.person, each):
            return json_answer(_row(exchange, each))
    raise Refused(404, MISSING.format(exchange.params["repository"]))


def _caller(exchange: Exchange) -> Account:
    """The caller, if the token is for this resource at all."""
    account = exchange.me()
    granted = exchange.pair.scopes if exchange.pair else []
    if not any(scope.startswith(RESOURCE) for scope in granted):
        raise Refused(401, UNAUTHORISED.format(account.email))
    return account


def _organisations(exchange: Exchange) -> list[str]:
    return list(dict.fromkeys(organisation_of(name) for name in exchange.host.namespaces))


def _organisation(exchange: Exchange, account: Account) -> str:
    """The organisation of the path, if it is there, knows the caller and lets programs in."""
    name = str(exchange.params["organisation"])
    if name not in _organisations(exchange):
        page = exchange.words("The resource cannot be found.")
        raise Answered(HTMLResponse(f"<!doctype html><title>404</title>{page}", 404))
    closed = {organisation_of(each) for each in exchange.host.faults.forbidden_namespaces}
    if name in closed or not belongs(exchange.host, account.person, organisation=name):
        raise Refused(401, UNAUTHORISED.format(account.email))
    return name


def _inside(exchange: Exchange, organisation: str) -> list[Repository]:
    return [each for each in exchange.host.by_id() if organisation_of(each.owner) == organisation]


def _row(exchange: Exchange, one: Repository) -> dict[str, Any]:
    return repository_row(exchange.base, one, owner=exchange.host.namespaces[one.owner])


def _all(exchange: Exchange, rows: list[dict[str, Any]]) -> Response:
    """Every row: there are no pages."""
    shown = rows_of_page(exchange, rows, start=0, size=max(1, len(rows)))
    return json_answer({"value": shown, "count": len(rows)})


API_ROUTES = (
    Route("/_apis/profile/profiles/{profile}", profile),
    Route("/_apis/accounts", organisations),
    Route("/{organisation}/_apis/git/repositories", repositories),
    Route("/{organisation}/_apis/git/repositories/{repository}", repository),
)
