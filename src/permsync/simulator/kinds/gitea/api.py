"""
Gitea's API below /api/v1: the caller, "my" repositories, one repository and who may read it.

A page never has more than fifty rows, whatever was asked for; its count of all is in a header.
Sources: routers/api/v1 (api.go, user/repo.go, repo, org) and modules/setting/api.go.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from permsync.simulator.exchange import Exchange, Refused, json_answer
from permsync.simulator.kinds.gitea import rights, rows
from permsync.simulator.paging import link_to, rows_of_page
from permsync.simulator.repositories import Account, Level, Namespace, Repository

API = "/api/v1"
MOST_PER_PAGE = 50
USUAL_PER_PAGE = 30
_OPENID = frozenset({"openid", "profile", "email", "groups"})
_HIDDEN = "The target couldn't be found."


def user(exchange: Exchange) -> Response:
    """GET /user."""
    account = _me(exchange, "user")
    return json_answer(rows.user_row(account, told=True))


def my_repositories(exchange: Exchange) -> Response:
    """GET /user/repos: own, given, or held by a team, with the code or without, by name."""
    account = _me(exchange, "user", "repository")
    host = exchange.host

    def build() -> list[Repository]:
        mine = [each for each in host.by_id() if rights.is_listed(host, account, each)]
        return sorted(mine, key=lambda each: (each.name.lower(), each.id))

    found = host.cached(("user/repos", account.person), build)
    page = _page(exchange, found)
    return _answer(exchange, [_encoded(exchange, account, each) for each in page], len(found))


def repository_by_id(exchange: Exchange) -> Response:
    """GET /repositories/{id}."""
    account = _me(exchange, "repository")
    number = exchange.params["number"]
    one = exchange.host.repositories.get(int(number)) if number.isdecimal() else None
    if one is None or not rights.sees(exchange.host, account, one):
        raise Refused(404, _HIDDEN)
    return json_answer(_encoded(exchange, account, one))


def repository(exchange: Exchange) -> Response:
    """GET /repos/{owner}/{repo}."""
    account, one = _named(exchange)
    return json_answer(_encoded(exchange, account, one))


def collaborators(exchange: Exchange) -> Response:
    """GET /repos/{owner}/{repo}/collaborators: those it was given to, and nobody else."""
    account, one = _named(exchange)
    return _people(exchange, account, rights.collaborators(exchange.host, one))


def permission(exchange: Exchange) -> Response:
    """GET .../collaborators/{login}/permission: one's own, or an administrator's question."""
    account, one = _named(exchange)
    host, login = exchange.host, exchange.params["login"].lower()
    if account.login.lower() != login and not rights.administers(host, account, one):
        raise Refused(403, "Only admins can query all permissions")
    for each in host.accounts.values():
        if each.login.lower() == login:
            return json_answer(rows.permission_row(each, rights.code_level(host, each, one)))
    raise Refused(404, "user does not exist")


def repository_teams(exchange: Exchange) -> Response:
    """GET /repos/{owner}/{repo}/teams; a person's repository has none."""
    _, one = _named(exchange)
    owner = exchange.host.namespaces[one.owner]
    if owner.personal:
        raise Refused(405, "repo is not owned by an organization")
    return json_answer([rows.team_row(owner, level) for level in rights.teams(owner)])


def team_members(exchange: Exchange) -> Response:
    """GET /teams/{id}/members, for its members, the organisation's owners and the site's."""
    account = _me(exchange, "organization")
    number = exchange.params["number"]
    of, level = divmod(int(number) if number.isdecimal() else 0, rights.TEAMS_PER_OWNER)
    owners = exchange.host.namespaces.values()
    owner = next((each for each in owners if each.id == of and not each.personal), None)
    if owner is None or level not in rights.teams(owner):
        raise Refused(404, _HIDDEN)
    _need_team(account, owner, level)
    return _people(exchange, account, rights.team_members(exchange.host, owner, level))


def organization_members(exchange: Exchange) -> Response:
    """GET /orgs/{org}/members: all of them to each other; nobody's membership is public."""
    account = _me(exchange, "organization")
    owner = exchange.host.namespaces.get(exchange.params["org"])
    if owner is None or owner.personal or not rights.sees_owner(account, owner):
        raise Refused(404, _HIDDEN)
    inside = account.site_admin or account.person in owner.members
    people = list(exchange.host.accounts.values()) if inside else []
    return _people(exchange, account, [each for each in people if each.person in owner.members])


def _need_team(account: Account, owner: Namespace, level: int) -> None:
    held = owner.members.get(account.person)
    if account.site_admin or held in {Level.OWNER, level}:
        return
    if held is None:
        raise Refused(404, _HIDDEN)
    raise Refused(403, "Must be a team member")


def _me(exchange: Exchange, *needed: str) -> Account:
    """
    The caller, whose token may read these kinds of things; raises Refused.

    A token with no scope but those of OpenID Connect may do everything.
    """
    account = exchange.me()
    scopes = set(exchange.pair.scopes) - _OPENID if exchange.pair else set()
    for kind in needed:
        if scopes and not scopes & {"all", f"read:{kind}", f"write:{kind}"}:
            text = f"token does not have at least one of required scope(s): [read:{kind}]"
            raise Refused(403, text)
    return account


def _named(exchange: Exchange) -> tuple[Account, Repository]:
    """The caller and the repository of the path, if the caller sees it; raises Refused."""
    account = _me(exchange, "repository")
    name = f"{exchange.params['owner']}/{exchange.params['repo']}"
    one = exchange.host.find_repository(name)
    if one is None or not rights.sees(exchange.host, account, one):
        raise Refused(404, _HIDDEN)
    return account, one


def _people(exchange: Exchange, caller: Account, people: list[Account]) -> Response:
    """One page of people; these lists have a count and no links."""
    page = _page(exchange, people)
    shown = [
        rows.user_row(each, told=caller.site_admin or each.person == caller.person) for each in page
    ]
    return json_answer(shown, headers={"X-Total-Count": str(len(people))})


def _page(exchange: Exchange, found: Sequence[Any]) -> list[Any]:
    size = exchange.asked_number("limit", USUAL_PER_PAGE, most=MOST_PER_PAGE)
    start = (exchange.asked_number("page", 1) - 1) * size
    return rows_of_page(exchange, found, start=start, size=size)


def _answer(exchange: Exchange, page: list[msgspec.Raw], total: int) -> Response:
    """A page with its count and its links, which name the address the server knows itself by."""
    size = exchange.asked_number("limit", USUAL_PER_PAGE, most=MOST_PER_PAGE)
    number, last = exchange.asked_number("page", 1), max(1, -(-total // size))
    around = {"next": number + 1, "last": last} if number < last else {}
    around |= {"first": 1, "prev": number - 1} if number > 1 else {}
    links = [f'<{link_to(exchange, {"page": at})}>; rel="{name}"' for name, at in around.items()]
    headers = {"X-Total-Count": str(total)} | ({"Link": ",".join(links)} if links else {})
    return json_answer(page, headers=headers)


def _encoded(exchange: Exchange, account: Account, one: Repository) -> msgspec.Raw:
    """A repository's JSON for this person, kept until the next edit."""
    host = exchange.host

    def build() -> msgspec.Raw:
        row = rows.repository_row(
            one,
            host.namespaces[one.owner],
            base=exchange.base,
            level=rights.code_level(host, account, one),
            administers=rights.administers(host, account, one),
        )
        return msgspec.Raw(msgspec.json.encode(row))

    return host.cached(("row", exchange.base, one.id, account.person), build)


_ONE = f"{API}/repos/{{owner}}/{{repo}}"
API_ROUTES = (
    Route(f"{API}/user", user),
    Route(f"{API}/user/repos", my_repositories),
    Route(f"{API}/repositories/{{number}}", repository_by_id),
    Route(_ONE, repository),
    Route(f"{_ONE}/collaborators", collaborators),
    Route(f"{_ONE}/collaborators/{{login}}/permission", permission),
    Route(f"{_ONE}/teams", repository_teams),
    Route(f"{API}/teams/{{number}}/members", team_members),
    Route(f"{API}/orgs/{{org}}/members", organization_members),
)
