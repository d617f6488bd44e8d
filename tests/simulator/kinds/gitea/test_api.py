"""Gitea's listings and lists of people: fifty rows at most, and who may ask for which."""

import re
from typing import Any

import pytest

from permsync.simulator.faults import FailingPage
from permsync.simulator.repositories import Level
from permsync.simulator.samples import bulk_repositories
from permsync.simulator.world import World
from tests.simulator.visitor import Answer, Visitor

MINE = "/api/v1/user/repos"


def _links(answer: Answer) -> dict[str, str]:
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers.get("link", ""))
    return {name: url for url, name in found}


def _id(visitor: Visitor, name: str) -> int:
    found = visitor.host.find_repository(name)
    assert found is not None
    return found.id


def _one(visitor: Visitor, name: str) -> Answer:
    return visitor.get(f"/api/v1/repositories/{_id(visitor, name)}")


def _logins(answer: Answer) -> list[str]:
    assert answer.status == 200
    return [row["login"] for row in answer.json]


# Me and mine


def test_a_person_is_told_about_themselves(gitea: Visitor) -> None:
    gitea.link("margaret")
    row = gitea.get("/api/v1/user").json
    account = gitea.host.accounts["margaret"]
    assert (row["id"], row["login"]) == (account.id, "margaret")
    assert (row["active"], row["restricted"], row["is_admin"]) == (True, True, False)


def test_a_page_has_fifty_rows_at_most_and_thirty_usually(gitea: Visitor, world: World) -> None:
    bulk_repositories(world, "gitea", 100, person="linus")
    gitea.link("linus")
    wide, usual = gitea.get(f"{MINE}?limit=100"), gitea.get(MINE)
    assert (len(wide.json), len(usual.json)) == (50, 30)
    total = int(wide.headers["x-total-count"])
    assert total == int(usual.headers["x-total-count"]) > 100
    assert _links(wide)["last"].endswith(f"page={-(-total // 50)}")
    assert _links(usual)["last"].endswith(f"page={-(-total // 30)}")


def test_pages_are_alphabetical_and_linked_in_both_directions(gitea: Visitor) -> None:
    gitea.link()
    first = gitea.get(f"{MINE}?limit=50")
    assert set(_links(first)) == {"next", "last"}
    last = gitea.get(_links(first)["next"])
    assert set(_links(last)) == {"first", "prev"}
    names = [row["name"] for page in (first, last) for row in page.json]
    assert names == sorted(names)
    assert len(names) == int(first.headers["x-total-count"])


def test_a_short_listing_has_no_links(gitea: Visitor) -> None:
    gitea.host.namespaces["studio"].members.pop("linus")
    gitea.host.touch()
    gitea.link("linus")
    answer = gitea.get(MINE)
    assert "link" not in answer.headers
    names = {row["full_name"] for row in answer.json}
    assert {"cabinet/minutes", "cabinet/budget"} < names


def test_a_team_without_the_code_lists_what_it_may_not_read(gitea: Visitor) -> None:
    gitea.link("margaret")
    rows = [row for page in (1, 2) for row in gitea.get(f"{MINE}?limit=50&page={page}").json]
    pulls = {
        owner: {row["permissions"]["pull"] for row in rows if row["owner"]["login"] == owner}
        for owner in ("studio", "workshop", "margaret")
    }
    assert pulls == {"studio": {False}, "workshop": {True}, "margaret": {True}}


def test_a_page_may_fail(gitea: Visitor) -> None:
    gitea.link()
    gitea.host.faults.failing_pages = {2: FailingPage()}
    assert gitea.get(f"{MINE}?limit=50").status == 200
    assert gitea.get(f"{MINE}?limit=50&page=2").status == 502


# One repository


def test_a_repository_is_had_by_its_id_and_by_its_name(gitea: Visitor) -> None:
    gitea.link()
    by_id = _one(gitea, "guild/api-00").json
    assert by_id == gitea.get("/api/v1/repos/guild/api-00").json
    assert by_id["permissions"] == {"admin": True, "push": True, "pull": True}


@pytest.mark.parametrize("path", ["repositories/1", "repositories/x", "repos/guild/nothing"])
def test_what_is_not_there_is_not_found(gitea: Visitor, path: str) -> None:
    gitea.link()
    assert gitea.get(f"/api/v1/{path}").status == 404


def test_what_is_hidden_is_not_found_either(gitea: Visitor) -> None:
    gitea.link("linus")
    assert _one(gitea, "guild/web-01").status == 404
    assert gitea.get("/api/v1/repos/guild/web-01").status == 404
    gitea.link("ada")
    assert _one(gitea, "cabinet/minutes").status == 404


def test_what_is_open_shows_itself(gitea: Visitor) -> None:
    gitea.link("linus")
    held = _one(gitea, "salon/handbook").json["permissions"]
    assert held == {"admin": False, "push": False, "pull": True}


# Scopes


@pytest.mark.parametrize(
    ("scopes", "statuses"),
    [
        ("read:user", (200, 403, 403)),
        ("read:repository", (403, 403, 200)),
        ("read:user read:repository", (200, 200, 200)),
        ("write:user write:repository", (200, 200, 200)),
        ("all", (200, 200, 200)),
        # Those of OpenID Connect alone restrict nothing.
        ("openid profile", (200, 200, 200)),
        ("openid read:user", (200, 403, 403)),
    ],
)
def test_a_token_reads_the_kinds_of_things_in_its_scopes(
    gitea: Visitor, scopes: str, statuses: tuple[int, ...]
) -> None:
    gitea.token = gitea.exchange(gitea.code(scope=scopes)).json["access_token"]
    one = f"/api/v1/repositories/{_id(gitea, 'guild/api-00')}"
    answers = [gitea.get(path) for path in ("/api/v1/user", MINE, one)]
    assert tuple(answer.status for answer in answers) == statuses
    for answer in answers:
        assert answer.status == 200 or "required scope(s): [read:" in answer.json["message"]


# Who may read it


def _team(visitor: Visitor, name: str) -> int:
    rows: list[dict[str, Any]] = visitor.get("/api/v1/repos/guild/api-00/teams").json
    (found,) = [row["id"] for row in rows if row["name"] == name]
    return int(found)


def test_collaborators_are_those_it_was_given_to(gitea: Visitor) -> None:
    gitea.link()
    path = "/api/v1/repos/guild/api-00/collaborators"
    answer = gitea.get(path)
    assert _logins(answer) == ["linus"]
    assert answer.headers["x-total-count"] == "1"
    assert gitea.get(f"{path}?page=2").json == []


def test_teams_are_an_organizations(gitea: Visitor) -> None:
    gitea.link()
    rows = gitea.get("/api/v1/repos/guild/api-00/teams").json
    assert [row["name"] for row in rows] == ["Owners", "level-30"]
    assert gitea.get("/api/v1/repos/margaret/notes/teams").status == 405


def test_a_team_is_listed_to_its_members_and_to_owners(gitea: Visitor) -> None:
    gitea.link()
    owners, writers = _team(gitea, "Owners"), _team(gitea, "level-30")
    assert _logins(gitea.get(f"/api/v1/teams/{writers}/members")) == ["grace"]
    gitea.link("grace")
    assert _logins(gitea.get(f"/api/v1/teams/{writers}/members")) == ["grace"]
    assert gitea.get(f"/api/v1/teams/{owners}/members").status == 403
    gitea.link("linus")
    assert gitea.get(f"/api/v1/teams/{owners}/members").status == 404
    gitea.host.accounts["linus"].site_admin = True
    assert _logins(gitea.get(f"/api/v1/teams/{owners}/members")) == ["ada"]


@pytest.mark.parametrize("team", ["x", "0", "99999999"])
def test_a_team_that_is_not_there_is_not_found(gitea: Visitor, team: str) -> None:
    gitea.link()
    assert gitea.get(f"/api/v1/teams/{team}/members").status == 404


def test_members_of_an_organization_know_each_other(gitea: Visitor) -> None:
    gitea.link("linus")
    assert _logins(gitea.get("/api/v1/orgs/cabinet/members")) == ["linus"]
    assert _logins(gitea.get("/api/v1/orgs/guild/members")) == []
    gitea.link("ada")
    assert gitea.get("/api/v1/orgs/cabinet/members").status == 404
    assert gitea.get("/api/v1/orgs/margaret/members").status == 404
    assert gitea.get("/api/v1/orgs/nothing/members").status == 404


def test_one_persons_permission_is_told_to_them_and_to_administrators(gitea: Visitor) -> None:
    path = "/api/v1/repos/guild/api-00/collaborators"
    gitea.link("grace")
    assert gitea.get(f"{path}/grace/permission").json["permission"] == "write"
    assert gitea.get(f"{path}/ada/permission").status == 403
    gitea.link("ada")
    assert gitea.get(f"{path}/Grace/permission").json["permission"] == "write"
    assert gitea.get(f"{path}/nobody/permission").status == 404


def test_a_level_that_a_lever_changed_is_seen_at_once(gitea: Visitor) -> None:
    gitea.link("linus")
    assert _one(gitea, "guild/web-01").status == 404
    gitea.host.join("linus", namespace="guild", level=Level.REPORTER)
    assert _one(gitea, "guild/web-01").status == 200
