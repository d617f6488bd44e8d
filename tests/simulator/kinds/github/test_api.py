"""What a token may list at GitHub, and how the pages of a listing hang together."""

import re

import pytest

from permsync.simulator.faults import FailingPage
from permsync.simulator.repositories import Level
from permsync.simulator.samples import sample_world
from permsync.simulator.server import RunningSimulator
from tests.simulator.visitor import PUBLIC_URL, Answer, Visitor

REPOS = "/api/v3/user/repos"


@pytest.fixture
def oauth_app(simulator: RunningSimulator) -> Visitor:
    simulator.show(sample_world(public_url=PUBLIC_URL, github_client_kind="oauth"))
    return Visitor(simulator, "github")


def _names(answer: Answer) -> set[str]:
    rows = answer.json if isinstance(answer.json, list) else answer.json["repositories"]
    return {row["full_name"] for row in rows}


def _following(answer: Answer) -> str | None:
    found = re.search(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
    return found[1] if found else None


def _pages(visitor: Visitor, path: str) -> list[Answer]:
    pages = [visitor.get(path)]
    while (following := _following(pages[-1])) is not None:
        pages.append(visitor.get(following))
    return pages


def _all_names(visitor: Visitor, query: str = "") -> set[str]:
    pages = _pages(visitor, f"{REPOS}?per_page=100{query}")
    return set().union(*(_names(page) for page in pages))


def test_the_caller_is_named_by_an_immutable_id(oauth_app: Visitor) -> None:
    oauth_app.link()
    oauth_app.host.accounts["ada"].login = "countess"
    answer = oauth_app.get("/api/v3/user").json
    assert (answer["id"], answer["login"]) == (oauth_app.host.accounts["ada"].id, "countess")


def test_a_listing_holds_exactly_what_the_person_may_read(oauth_app: Visitor) -> None:
    oauth_app.link("linus")
    host = oauth_app.host
    readable = {each.full_name for each in host.by_id() if host.level("linus", each) >= 20}
    assert _all_names(oauth_app) == readable
    assert "acme/api-00" in readable
    assert "acme/web-01" not in readable


def test_without_scope_repo_only_public_ones_are_listed(oauth_app: Visitor) -> None:
    oauth_app.link(scopes=["read:org"])
    assert {row["visibility"] for row in oauth_app.get(f"{REPOS}?per_page=100").json} == {"public"}


def test_visibility_private_includes_internal(oauth_app: Visitor) -> None:
    oauth_app.link()
    rows = oauth_app.get(f"{REPOS}?per_page=100&visibility=private").json
    assert {row["visibility"] for row in rows} == {"private", "internal"}
    assert all(row["private"] for row in rows)


def test_affiliation_narrows_the_listing(oauth_app: Visitor) -> None:
    oauth_app.link()
    assert _all_names(oauth_app, "&affiliation=collaborator") == {"margaret/notes"}
    oauth_app.link("margaret")
    assert _all_names(oauth_app, "&affiliation=owner") == {"margaret/notes"}


@pytest.mark.parametrize("other", ["visibility=private", "affiliation=owner"])
def test_type_may_not_stand_with_visibility_or_affiliation(oauth_app: Visitor, other: str) -> None:
    oauth_app.link()
    assert oauth_app.get(f"{REPOS}?type=owner&{other}").status == 422
    assert oauth_app.get(f"{REPOS}?type=owner").status == 200


def test_internal_repositories_of_the_persons_own_organisation_are_listed(
    oauth_app: Visitor,
) -> None:
    host = oauth_app.host
    assert host.namespaces["acme"].members["margaret"] == Level.NONE
    oauth_app.link("margaret")
    mine = {name for name in _all_names(oauth_app) if name.startswith("acme/")}
    internal = {each.full_name for each in host.by_id() if each.visibility == "internal"}
    assert mine == {name for name in internal if name.startswith("acme/")}


def test_internal_ones_of_the_enterprise_are_readable_but_not_listed(oauth_app: Visitor) -> None:
    oauth_app.link("margaret")
    assert "acme-labs/tools-08" not in _all_names(oauth_app)
    assert oauth_app.get("/api/v3/repos/acme-labs/tools-08").status == 200


def test_pages_are_linked_and_together_complete(oauth_app: Visitor) -> None:
    oauth_app.link()
    pages = _pages(oauth_app, f"{REPOS}?per_page=30")
    ids = [row["id"] for page in pages for row in page.json]
    assert len(ids) == len(set(ids)) == 91
    assert [len(page.json) for page in pages] == [30, 30, 30, 1]
    assert "link" not in pages[-1].headers


def test_a_page_has_thirty_rows_unless_asked_and_never_more_than_a_hundred(
    oauth_app: Visitor,
) -> None:
    for number in range(20):
        oauth_app.host.add_repository(f"acme/more-{number}")
    oauth_app.link()
    assert len(oauth_app.get(REPOS).json) == 30
    assert len(oauth_app.get(f"{REPOS}?per_page=500").json) == 100


def test_next_may_point_to_another_path(oauth_app: Visitor) -> None:
    oauth_app.link()
    oauth_app.host.faults.next_by_id = True
    pages = _pages(oauth_app, f"{REPOS}?per_page=30&visibility=private")
    assert "/api/v3/repositories/" in str(_following(pages[0]))
    assert len(pages) == 3
    assert all(row["private"] for page in pages for row in page.json)


def test_next_may_point_to_a_foreign_origin(oauth_app: Visitor) -> None:
    oauth_app.link()
    oauth_app.host.faults.foreign_next = "http://evil.example"
    assert str(_following(oauth_app.get(REPOS))).startswith("http://evil.example/github/api/v3/")


def test_one_page_may_fail(oauth_app: Visitor) -> None:
    oauth_app.link()
    oauth_app.host.faults.failing_pages = {2: FailingPage(502), 3: FailingPage(403)}
    first, second, third = (oauth_app.get(f"{REPOS}?page={page}") for page in (1, 2, 3))
    assert (first.status, second.status, third.status) == (200, 502, 403)
    assert second.headers["content-type"].startswith("text/html")
    assert "secondary rate" in third.json["message"]
    assert "retry-after" not in third.headers


def test_an_sso_organisation_is_silently_missing_and_marked_on_page_one(
    oauth_app: Visitor,
) -> None:
    oauth_app.link()
    number = oauth_app.host.namespaces["acme"].id
    oauth_app.host.faults.sso_partial = [number, 99]
    pages = _pages(oauth_app, REPOS)
    mark = f"partial-results; organizations={number},99"
    assert [page.headers.get("x-github-sso") for page in pages] == [mark] + [None] * 2
    assert not {name for page in pages for name in _names(page) if name.startswith("acme/")}
    single = oauth_app.get("/api/v3/repos/acme/api-00")
    assert single.status == 403
    assert single.headers["x-github-sso"].startswith("required; url=")


def test_an_app_is_shown_nothing_of_an_sso_organisation_but_the_mark(github: Visitor) -> None:
    github.link()
    acme = github.host.namespaces["acme"].id
    github.host.faults.sso_partial = [acme]
    installations = github.get("/api/v3/user/installations").json["installations"]
    (number,) = [each["id"] for each in installations if each["account"]["login"] == "acme"]
    answer = github.get(f"/api/v3/user/installations/{number}/repositories")
    assert (answer.json["total_count"], answer.json["repositories"]) == (0, [])
    assert answer.headers["x-github-sso"] == f"partial-results; organizations={acme}"


def test_an_app_lists_its_installations_and_their_selected_repositories(github: Visitor) -> None:
    github.link()
    answer = github.get("/api/v3/user/installations").json
    by_owner = {row["account"]["login"]: row for row in answer["installations"]}
    assert answer["total_count"] == len(by_owner) == 4
    path = "/api/v3/user/installations/{}/repositories?per_page=100"
    acme = github.get(path.format(by_owner["acme"]["id"])).json
    labs = github.get(path.format(by_owner["acme-labs"]["id"])).json
    assert (acme["total_count"], acme["repository_selection"]) == (30, "all")
    assert (labs["total_count"], labs["repository_selection"]) == (15, "selected")


def test_a_person_without_anything_in_a_namespace_does_not_see_its_installation(
    github: Visitor,
) -> None:
    github.link("linus")
    rows = github.get("/api/v3/user/installations").json["installations"]
    assert {row["account"]["login"] for row in rows} == {"acme", "acme-labs"}


def test_a_suspended_installation_is_listed_and_answers_403(github: Visitor) -> None:
    github.link()
    number, installation = next(iter(github.host.installations.items()))
    installation.suspended_at = 1_700_000_000
    rows = github.get("/api/v3/user/installations").json["installations"]
    assert {row["suspended_at"] for row in rows if row["id"] == number} == {"2023-11-14T22:13:20Z"}
    assert github.get(f"/api/v3/user/installations/{number}/repositories").status == 403


def test_the_installation_endpoints_are_for_apps_only(oauth_app: Visitor) -> None:
    oauth_app.link()
    assert oauth_app.get("/api/v3/user/installations").status == 403


def test_an_apps_token_reaches_no_further_than_its_installations(github: Visitor) -> None:
    github.link()
    assert github.get("/api/v3/repos/acme-labs/api-00").status == 200
    assert github.get("/api/v3/repos/acme-labs/tools-28").status == 404


def test_a_hidden_repository_is_not_found_by_name_or_id(oauth_app: Visitor) -> None:
    oauth_app.link("grace")
    notes = oauth_app.host.find_repository("margaret/notes")
    assert notes is not None
    assert oauth_app.get("/api/v3/repos/margaret/notes").status == 404
    assert oauth_app.get(f"/api/v3/repositories/{notes.id}").status == 404
    oauth_app.host.grant("grace", notes.id)
    assert oauth_app.get(f"/api/v3/repositories/{notes.id}").json["full_name"] == "margaret/notes"


def test_collaborators_are_those_who_read_and_are_told_to_writers(oauth_app: Visitor) -> None:
    path = "/api/v3/repos/acme/api-00/collaborators"
    oauth_app.link("grace")
    roles = {row["login"]: row["role_name"] for row in oauth_app.get(path).json}
    assert roles == {"ada": "admin", "grace": "write", "linus": "write"}
    oauth_app.link("margaret")
    assert oauth_app.get(path).status == 404
    oauth_app.link("grace")
    assert oauth_app.get("/api/v3/repos/acme-labs/api-00/collaborators").status == 403


def test_an_edit_is_seen_by_the_next_request(oauth_app: Visitor) -> None:
    oauth_app.link()
    found = oauth_app.host.find_repository("acme/api-00")
    assert found is not None
    assert "acme/api-00" in _all_names(oauth_app)
    oauth_app.host.rename_repository(found.id, name="renamed")
    assert "acme/renamed" in _all_names(oauth_app)
    oauth_app.host.remove_repository(found.id)
    assert "acme/renamed" not in _all_names(oauth_app)


def test_an_unknown_installation_is_not_found(github: Visitor) -> None:
    github.link()
    assert github.get("/api/v3/user/installations/1/repositories").status == 404
