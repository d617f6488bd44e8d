"""Bitbucket Cloud lists per workspace, and shows the caller's own effective permissions."""

from typing import Any
from urllib.parse import quote

import pytest

from permsync.simulator.repositories import Level
from tests.simulator.visitor import Visitor

GRANTS = "/2.0/user/workspaces/northwind/permissions/repositories"


def _values(visitor: Visitor, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    following: str | None = path
    while following:
        answer = visitor.get(following)
        assert answer.status == 200
        rows += answer.json["values"]
        following = answer.json.get("next")
    return rows


def test_the_caller_has_two_immutable_ids_and_no_username(cloud: Visitor) -> None:
    cloud.link()
    account, answer = cloud.host.accounts["ada"], cloud.get("/2.0/user").json
    assert (answer["uuid"], answer["account_id"]) == (account.uuid, account.account_id)
    assert "username" not in answer


def test_only_the_primary_address_is_confirmed(cloud: Visitor) -> None:
    cloud.link()
    rows = _values(cloud, "/2.0/user/emails")
    assert [row["email"] for row in rows if row["is_confirmed"]] == ["ada@example.com"]
    assert len(rows) == 2


def test_workspaces_are_those_with_something_in_them(cloud: Visitor) -> None:
    cloud.link("linus")
    rows = _values(cloud, "/2.0/user/workspaces")
    assert {row["workspace"]["slug"] for row in rows} == {"northwind", "contoso"}
    cloud.link()
    rows = _values(cloud, "/2.0/user/workspaces")
    assert {row["workspace"]["slug"]: row["administrator"] for row in rows} == {
        "northwind": True,
        "contoso": False,
        "margaret": False,
    }


def test_grants_hold_permission_and_a_short_repository(cloud: Visitor) -> None:
    cloud.link("linus")
    row = _values(cloud, GRANTS)[0]
    assert set(row) == {"type", "permission", "repository"}
    assert row["permission"] == "write"
    assert set(row["repository"]) == {"type", "uuid", "full_name", "name"}


def test_fields_bring_more_of_the_repository(cloud: Visitor) -> None:
    cloud.link()
    asked = "values.permission,values.repository.uuid,values.repository.is_private,next"
    answer = cloud.get(f"{GRANTS}?fields={asked}&pagelen=100").json
    assert set(answer) == {"values"}
    assert {frozenset(row["repository"]) for row in answer["values"]} == {
        frozenset({"uuid", "is_private"})
    }


def test_pages_are_short_unless_asked_and_never_above_a_hundred(cloud: Visitor) -> None:
    cloud.link()
    first = cloud.get(GRANTS).json
    assert (len(first["values"]), first["pagelen"], first["size"]) == (10, 10, 35)
    assert len(_values(cloud, GRANTS)) == 35
    assert "next" not in cloud.get(f"{GRANTS}?pagelen=100").json
    assert cloud.get(f"{GRANTS}?pagelen=1000").json["pagelen"] == 100


def test_a_level_below_reading_is_permission_none(cloud: Visitor) -> None:
    made = cloud.host.add_repository("northwind/locked")
    cloud.host.grant("linus", made.id, level=Level.GUEST)
    cloud.link("linus")
    rows = {row["repository"]["name"]: row["permission"] for row in _values(cloud, GRANTS)}
    assert rows == {"api-00": "write", "locked": "none"}


def test_next_may_point_to_a_foreign_origin(cloud: Visitor) -> None:
    cloud.link()
    cloud.host.faults.foreign_next = "https://evil.example"
    assert cloud.get(GRANTS).json["next"].startswith("https://evil.example/bitbucket/2.0/user/")


def test_one_workspace_may_be_forbidden(cloud: Visitor) -> None:
    cloud.link()
    cloud.host.faults.forbidden_namespaces = ["northwind"]
    answer = cloud.get(GRANTS)
    assert answer.status == 403
    assert "access to the workspace" in answer.json["error"]["message"]
    assert cloud.get(GRANTS.replace("northwind", "contoso")).status == 200


@pytest.mark.parametrize(
    "path",
    ["/2.0/user/permissions/repositories", "/2.0/user/permissions/workspaces", "/2.0/repositories"],
)
def test_removed_endpoints_answer_410(cloud: Visitor, path: str) -> None:
    cloud.link()
    answer = cloud.get(path)
    assert answer.status == 410
    assert "CHANGE-2770" in answer.json["error"]["message"]


def test_a_role_lists_what_was_given_and_no_role_what_is_visible(cloud: Visitor) -> None:
    cloud.link("linus")
    path = "/2.0/repositories/northwind?pagelen=100"
    given = {row["name"] for row in _values(cloud, f"{path}&role=member")}
    visible = {row["name"] for row in _values(cloud, path)}
    assert given == {"api-00"}
    assert visible == {"api-00", "legacy-09", "legacy-19", "legacy-29"}
    private = _values(cloud, f"{path}&q=is_private=true")
    assert {row["name"] for row in private} == {"api-00"}
    assert cloud.get(f"{path}&q=name~x").status == 400


def test_a_repository_is_found_by_name_and_by_uuid(cloud: Visitor) -> None:
    cloud.link()
    row = cloud.get("/2.0/repositories/northwind/api-00").json
    by_uuid = cloud.get(f"/2.0/repositories/northwind/{quote(row['uuid'])}").json
    assert by_uuid == row
    assert row["is_private"] is True
    assert cloud.get(f"/2.0/repositories/contoso/{quote(row['uuid'])}").status == 404


def test_a_private_repository_of_others_is_403_and_a_missing_one_404(cloud: Visitor) -> None:
    cloud.link("linus")
    assert cloud.get("/2.0/repositories/northwind/web-01").status == 403
    assert cloud.get("/2.0/repositories/northwind/nothing").status == 404
    assert cloud.get("/2.0/repositories/nowhere/nothing").status == 404


def test_a_missing_scope_is_403_that_names_required_and_granted(cloud: Visitor) -> None:
    cloud.link(scopes=["account"])
    answer = cloud.get(GRANTS)
    assert answer.status == 403
    assert answer.json["error"]["detail"] == {
        "required": ["account", "repository"],
        "granted": ["account"],
    }


def test_administrators_see_everybodys_effective_permission(cloud: Visitor) -> None:
    path = "/2.0/workspaces/northwind/permissions/repositories"
    cloud.link("ada")
    rows = _values(cloud, f"{path}/api-00")
    seen = {row["user"]["nickname"]: row["permission"] for row in rows}
    assert seen == {"ada": "admin", "grace": "write", "linus": "write"}
    assert len(_values(cloud, f"{path}?pagelen=100")) == 35 * 2 + 1
    cloud.link("grace")
    assert cloud.get(path).status == 403
