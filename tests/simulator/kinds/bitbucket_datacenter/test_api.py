"""Data Center's listings: what was granted, what is public, and pages that only look odd."""

from typing import Any

import pytest

from permsync.simulator.world import World
from tests.simulator.visitor import Visitor

REPOS = "/rest/api/latest/repos"
GRANTED = f"{REPOS}?permission=REPO_READ&archived=ALL"
PROBE = "/rest/api/latest/profile/recent/repos"


def _pages(visitor: Visitor, path: str) -> list[dict[str, Any]]:
    pages = [visitor.get(path).json]
    while not pages[-1]["isLastPage"]:
        pages.append(visitor.get(f"{path}&start={pages[-1]['nextPageStart']}").json)
    return pages


def _names(pages: list[dict[str, Any]]) -> list[str]:
    return [f"{row['project']['key']}/{row['slug']}" for page in pages for row in page["values"]]


def test_pages_follow_next_page_start_to_the_end(datacenter: Visitor) -> None:
    datacenter.link()
    pages = _pages(datacenter, f"{GRANTED}&limit=20")
    names = _names(pages)
    assert len(names) == len(set(names)) == 51
    assert [page["size"] for page in pages] == [20, 20, 11]
    assert pages[0]["nextPageStart"] != 20
    assert "nextPageStart" not in pages[-1]


def test_an_empty_page_need_not_be_the_last(datacenter: Visitor) -> None:
    datacenter.link()
    datacenter.host.faults.empty_page = 2
    pages = _pages(datacenter, f"{GRANTED}&limit=20")
    assert [page["size"] for page in pages] == [20, 0, 20, 11]
    assert len(set(_names(pages))) == 51


def test_archived_ones_are_hidden_unless_asked_for(datacenter: Visitor) -> None:
    datacenter.link()
    path = f"{REPOS}?permission=REPO_READ&limit=1000"
    active, everything, archived = (
        set(_names(_pages(datacenter, f"{path}{query}")))
        for query in ("", "&archived=ALL", "&archived=ARCHIVED")
    )
    assert archived == {"CORE/docs-12", "APPS/docs-12"}
    assert everything == active | archived
    assert not active & archived


def test_permission_keeps_out_what_is_only_public(datacenter: Visitor) -> None:
    datacenter.link("linus")
    granted = set(_names(_pages(datacenter, f"{GRANTED}&limit=1000")))
    visible = set(_names(_pages(datacenter, f"{REPOS}?archived=ALL&limit=1000")))
    assert visible - granted == {"CORE/legacy-09", "CORE/legacy-19"}
    writable = f"{REPOS}?permission=REPO_ADMIN&archived=ALL&limit=1000"
    assert set(_names(_pages(datacenter, writable))) == granted - {"CORE/api-00"}
    assert datacenter.get(f"{REPOS}?permission=NONSENSE").status == 400


def test_visibility_filters_on_the_public_flag(datacenter: Visitor) -> None:
    datacenter.link()
    rows = datacenter.get(f"{GRANTED}&visibility=public&limit=1000").json["values"]
    assert {row["public"] for row in rows} == {True}


def test_an_expired_token_sees_what_nobody_in_particular_sees(
    datacenter: Visitor, world: World
) -> None:
    datacenter.link()
    world.advance(3600)
    granted = datacenter.get(GRANTED)
    assert (granted.status, granted.json["values"], granted.json["isLastPage"]) == (200, [], True)
    assert "x-ausername" not in granted.headers
    public = datacenter.get(f"{REPOS}?limit=1000").json["values"]
    assert {row["public"] for row in public} == {True}
    assert datacenter.get(PROBE).status == 401


def test_without_public_access_an_expired_token_is_refused_everywhere(
    datacenter: Visitor, world: World
) -> None:
    datacenter.host.policy.public_access = False
    datacenter.link()
    world.advance(3600)
    assert datacenter.get(GRANTED).status == 401


def test_scope_public_repos_reaches_no_private_one(datacenter: Visitor) -> None:
    tokens = datacenter.exchange(datacenter.code(scope="PUBLIC_REPOS")).json
    rows = datacenter.get(f"{GRANTED}&limit=1000", token=tokens["access_token"]).json["values"]
    assert {row["public"] for row in rows} == {True}


def test_the_probe_lists_recent_repositories(datacenter: Visitor) -> None:
    datacenter.link()
    assert datacenter.get(f"{PROBE}?limit=1").json["size"] == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/rest/api/latest/projects/CORE/repos/api-00", 200),
        ("/rest/api/latest/projects/CORE/repos/web-01", 401),
        ("/rest/api/latest/projects/CORE/repos/legacy-09", 200),
        ("/rest/api/latest/projects/CORE/repos/nothing", 404),
    ],
)
def test_one_repository_is_shown_refused_or_missing(
    datacenter: Visitor, path: str, status: int
) -> None:
    datacenter.link("linus")
    assert datacenter.get(path).status == status


def test_a_personal_project_says_so(datacenter: Visitor) -> None:
    datacenter.link("margaret")
    row = datacenter.get("/rest/api/latest/projects/~margaret/repos/notes").json
    assert row["project"]["type"] == "PERSONAL"


def test_explicit_grants_are_401_for_those_who_do_not_administer(datacenter: Visitor) -> None:
    path = "/rest/api/latest/projects/CORE/repos/api-00/permissions/users"
    datacenter.link("grace")
    answer = datacenter.get(path)
    assert answer.status == 401
    assert "Authorisation" in answer.json["errors"][0]["exceptionName"]
    assert answer.headers["x-ausername"] == "grace"
    datacenter.link("ada")
    rows = datacenter.get(path).json["values"]
    assert [(row["user"]["name"], row["permission"]) for row in rows] == [("linus", "REPO_WRITE")]


def test_holders_of_a_permission_are_listed_however_they_got_it(datacenter: Visitor) -> None:
    datacenter.link()
    found = datacenter.host.find_repository("CORE/api-00")
    assert found is not None
    path = f"/rest/api/latest/users?permission.1.repositoryId={found.id}&permission.1="
    rows = datacenter.get(f"{path}REPO_READ").json["values"]
    assert {row["name"] for row in rows} == {"ada", "grace", "linus"}
    rows = datacenter.get(f"{path}REPO_ADMIN").json["values"]
    assert {row["name"] for row in rows} == {"ada"}
    assert datacenter.get(f"{path}NONSENSE").status == 404


def test_people_are_found_by_slug_and_by_filter(datacenter: Visitor) -> None:
    datacenter.link()
    account = datacenter.host.accounts["grace"]
    account.login = "Grace H"
    row = datacenter.get("/rest/api/latest/users/grace_h").json
    assert (row["id"], row["name"], row["slug"]) == (account.id, "Grace H", "grace_h")
    assert datacenter.get("/rest/api/latest/users/grace").status == 404
    rows = datacenter.get("/rest/api/latest/users?filter=grace").json["values"]
    assert [row["id"] for row in rows] == [account.id]
