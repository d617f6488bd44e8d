"""GitLab's listings: two kinds of pages, and `default_branch` only for those who read code."""

import re
from typing import Any

import pytest

from permsync.simulator.repositories import CodeAccess, Level
from permsync.simulator.samples import bulk_repositories
from permsync.simulator.world import World
from tests.simulator.visitor import Answer, Visitor

MEMBER = "/api/v4/projects?membership=true&order_by=id&sort=asc"
KEYSET = f"{MEMBER}&pagination=keyset"


def _next(answer: Answer) -> str | None:
    found = re.search(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
    return found[1] if found else None


def _walk(visitor: Visitor, path: str) -> list[Answer]:
    pages = [visitor.get(path)]
    while (following := _next(pages[-1])) is not None:
        pages.append(visitor.get(following))
    return pages


def _project(visitor: Visitor, name: str) -> dict[str, Any]:
    answer = visitor.get(f"/api/v4/projects/{name.replace('/', '%2F')}")
    assert answer.status == 200
    found: dict[str, Any] = answer.json
    return found


def test_a_keyset_ends_with_an_empty_page_without_link(gitlab: Visitor) -> None:
    gitlab.link()
    pages = _walk(gitlab, f"{KEYSET}&per_page=40")
    assert [len(page.json) for page in pages] == [40, 40, 11, 0]
    ids = [row["id"] for page in pages for row in page.json]
    assert ids == sorted(set(ids))
    assert "x-total" not in pages[0].headers


def test_a_keyset_may_run_backwards(gitlab: Visitor) -> None:
    gitlab.link()
    pages = _walk(gitlab, f"{KEYSET.replace('asc', 'desc')}&per_page=50")
    ids = [row["id"] for page in pages for row in page.json]
    assert ids == sorted(set(ids), reverse=True)
    assert len(ids) == 91


def test_a_keyset_needs_an_order_by_id(gitlab: Visitor) -> None:
    gitlab.link()
    assert gitlab.get("/api/v4/projects?membership=true&pagination=keyset").status == 405


def test_offset_pages_tell_totals_and_the_last_page(gitlab: Visitor) -> None:
    gitlab.link()
    pages = _walk(gitlab, f"{MEMBER}&per_page=50")
    assert [page.headers["x-next-page"] for page in pages] == ["2", ""]
    assert [page.headers["x-total"] for page in pages] == ["91", "91"]
    assert pages[0].headers["x-total-pages"] == "2"
    assert 'rel="last"' in pages[0].headers["link"]


def test_totals_are_absent_above_ten_thousand_rows(gitlab: Visitor, world: World) -> None:
    bulk_repositories(world, "gitlab", 10_000, person="linus")
    gitlab.link("linus")
    headers = gitlab.get(f"{MEMBER}&per_page=100").headers
    assert "x-total" not in headers
    assert "x-total-pages" not in headers
    assert 'rel="last"' not in headers["link"]
    assert headers["x-next-page"] == "2"


def test_past_offset_fifty_thousand_only_the_keyset_helps(gitlab: Visitor) -> None:
    gitlab.link()
    assert gitlab.get(f"{MEMBER}&per_page=100&page=501").status == 200
    answer = gitlab.get(f"{MEMBER}&per_page=100&page=502")
    assert answer.status == 405
    assert "keyset" in answer.json["message"]


def test_id_after_narrows_an_offset_listing(gitlab: Visitor) -> None:
    gitlab.link()
    ids = [row["id"] for row in gitlab.get(f"{MEMBER}&per_page=100").json]
    answer = gitlab.get(f"{MEMBER}&id_after={ids[9]}&id_before={ids[12]}")
    assert [row["id"] for row in answer.json] == ids[10:12]
    assert answer.headers["x-total"] == "2"


def test_guests_are_members_unless_a_level_is_demanded(gitlab: Visitor) -> None:
    gitlab.link("margaret")
    everything = {row["path_with_namespace"] for row in gitlab.get(f"{MEMBER}&per_page=100").json}
    readers = gitlab.get(f"{MEMBER}&per_page=100&min_access_level=20").json
    narrowed = everything - {row["path_with_namespace"] for row in readers}
    assert narrowed == {"platform/web-01", "platform/docs-02"}


def test_without_membership_everything_visible_is_listed(gitlab: Visitor) -> None:
    gitlab.link("linus")
    rows = gitlab.get("/api/v4/projects?order_by=id&visibility=internal&per_page=100").json
    assert {row["path_with_namespace"].partition("/")[0] for row in rows} == {
        "platform",
        "research",
    }


@pytest.mark.parametrize(
    ("level", "reads"), [(Level.GUEST, False), (Level.PLANNER, False), (Level.REPORTER, True)]
)
def test_default_branch_is_sent_to_readers_of_code_only(
    gitlab: Visitor, level: Level, *, reads: bool
) -> None:
    made = gitlab.host.add_repository("platform/secret")
    gitlab.host.grant("linus", made.id, level=level)
    gitlab.link("linus")
    assert ("default_branch" in _project(gitlab, "platform/secret")) is reads


def test_a_custom_role_reads_code_below_reporter(gitlab: Visitor) -> None:
    made = gitlab.host.add_repository("platform/secret")
    gitlab.host.grant("linus", made.id, level=Level.GUEST)
    made.custom_readers.append("linus")
    gitlab.host.touch()
    gitlab.link("linus")
    assert "default_branch" in _project(gitlab, "platform/secret")


@pytest.mark.parametrize(
    ("code_access", "person", "reads"),
    [
        ("enabled", "linus", True),
        ("private", "linus", False),
        ("private", "grace", True),
        ("disabled", "grace", False),
    ],
)
def test_a_public_projects_code_may_be_closed(
    gitlab: Visitor, code_access: CodeAccess, person: str, *, reads: bool
) -> None:
    gitlab.host.add_repository("platform/open", visibility="public", code_access=code_access)
    gitlab.link(person)
    row = _project(gitlab, "platform/open")
    assert (row["visibility"], row["repository_access_level"]) == ("public", code_access)
    assert ("default_branch" in row) is reads


def test_a_project_is_found_by_number_and_hidden_from_strangers(gitlab: Visitor) -> None:
    found = gitlab.host.find_repository("margaret/notes")
    assert found is not None
    gitlab.link("ada")
    assert (
        gitlab.get(f"/api/v4/projects/{found.id}").json["path_with_namespace"] == "margaret/notes"
    )
    gitlab.link("grace")
    assert gitlab.get(f"/api/v4/projects/{found.id}").status == 404
    assert gitlab.get("/api/v4/projects/999999").status == 404


def test_permissions_tell_direct_and_inherited_levels(gitlab: Visitor) -> None:
    gitlab.link("linus")
    row = _project(gitlab, "platform/api-00")
    assert row["permissions"] == {"project_access": {"access_level": 30}, "group_access": None}
    row = _project(gitlab, "research/api-00")
    assert row["permissions"] == {"project_access": None, "group_access": {"access_level": 40}}


@pytest.mark.parametrize(
    ("scopes", "path"),
    [(["read_user"], MEMBER), ([], "/api/v4/user"), ([], f"{KEYSET}&per_page=1")],
)
def test_a_missing_scope_is_403_without_a_challenge(
    gitlab: Visitor, scopes: list[str], path: str
) -> None:
    gitlab.link(scopes=scopes)
    answer = gitlab.get(path)
    assert (answer.status, answer.json["error"]) == (403, "insufficient_scope")
    assert "read_api" in answer.json["scope"]
    assert "www-authenticate" not in answer.headers


def test_all_members_are_listed_with_their_highest_level(gitlab: Visitor) -> None:
    gitlab.link()
    gitlab.host.set_account_state("grace", "blocked")
    rows = gitlab.get("/api/v4/projects/platform%2Fweb-01/members/all").json
    seen = {row["username"]: (row["access_level"], row["state"]) for row in rows}
    assert seen == {"ada": (50, "active"), "grace": (30, "blocked"), "margaret": (10, "active")}
