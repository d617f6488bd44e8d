"""Everything the simulated GitHub answers fits GitHub's own published description."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from permsync.simulator.kinds.github import rows as github_rows
from permsync.simulator.repositories import Level
from permsync.simulator.samples import sample_world
from permsync.simulator.server import RunningSimulator
from tests.simulator.visitor import PUBLIC_URL, Answer, Visitor, ask

DESCRIPTION = json.loads(
    (Path(__file__).parent / "openapi" / "github.json").read_text(encoding="utf-8")
)


def _as_json_schema(part: Any) -> Any:
    """OpenAPI 3.0 says `nullable`; JSON Schema says "or null"."""
    if isinstance(part, list):
        return [_as_json_schema(each) for each in part]
    if not isinstance(part, dict):
        return part
    kept = {name: _as_json_schema(each) for name, each in part.items() if name != "nullable"}
    return {"anyOf": [kept, {"type": "null"}]} if part.get("nullable") is True else kept


COMPONENTS = _as_json_schema(DESCRIPTION["components"])
OPERATIONS = {
    operation["operationId"]: operation
    for operations in DESCRIPTION["paths"].values()
    for operation in operations.values()
}


def _resolved(part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    section, name = part["$ref"].removeprefix("#/components/").split("/")
    found: dict[str, Any] = DESCRIPTION["components"][section][name]
    return found


def assert_fits(operation: str, answer: Answer, *, query: tuple[str, ...] = ()) -> None:
    """The status is described, the parameters are known, and the body fits its schema."""
    described = OPERATIONS[operation]
    known = {_resolved(each)["name"] for each in described.get("parameters", [])}
    assert set(query) <= known
    assert str(answer.status) in described["responses"]
    content = _resolved(described["responses"][str(answer.status)]).get("content", {})
    if "application/json" in content:
        schema = _as_json_schema(content["application/json"]["schema"])
        validator = Draft7Validator({**schema, "components": COMPONENTS})
        faults = [
            f"{fault.json_path}: {fault.message[:200]}"
            for fault in validator.iter_errors(answer.json)
        ]
        assert not faults, faults[:5]


@pytest.fixture
def oauth_app(simulator: RunningSimulator) -> Visitor:
    simulator.show(sample_world(public_url=PUBLIC_URL, github_client_kind="oauth"))
    visitor = Visitor(simulator, "github")
    visitor.link()
    return visitor


def test_the_user_fits(oauth_app: Visitor) -> None:
    assert_fits("users/get-authenticated", oauth_app.get("/api/v3/user"))
    assert_fits("users/get-authenticated", oauth_app.get("/api/v3/user", token="unknown"))


def test_the_listing_fits(oauth_app: Visitor) -> None:
    query = ("visibility", "affiliation", "sort", "direction", "per_page", "page")
    values = ("private", "owner,organization_member", "full_name", "asc", "100", "1")
    asked = "&".join(f"{name}={value}" for name, value in zip(query, values, strict=True))
    answer = oauth_app.get(f"/api/v3/user/repos?{asked}")
    assert len(answer.json) > 50
    assert_fits("repos/list-for-authenticated-user", answer, query=query)


def test_the_refusal_of_a_listing_fits(oauth_app: Visitor) -> None:
    answer = oauth_app.get("/api/v3/user/repos?type=owner&visibility=all")
    assert answer.status == 422
    assert_fits("repos/list-for-authenticated-user", answer, query=("type", "visibility"))


def test_one_repository_fits(oauth_app: Visitor) -> None:
    assert_fits("repos/get", oauth_app.get("/api/v3/repos/acme/api-00"))
    assert_fits("repos/get", oauth_app.get("/api/v3/repos/acme/nothing"))


def test_collaborators_fit(oauth_app: Visitor) -> None:
    answer = oauth_app.get("/api/v3/repos/acme/api-00/collaborators?affiliation=all&per_page=100")
    assert_fits("repos/list-collaborators", answer, query=("affiliation", "per_page"))


def test_installations_and_their_repositories_fit(github: Visitor) -> None:
    github.link()
    answer = github.get("/api/v3/user/installations?per_page=100&page=1")
    assert_fits(
        "apps/list-installations-for-authenticated-user", answer, query=("per_page", "page")
    )
    number = answer.json["installations"][0]["id"]
    answer = github.get(f"/api/v3/user/installations/{number}/repositories?per_page=100")
    assert_fits("apps/list-installation-repos-for-authenticated-user", answer, query=("per_page",))


@pytest.mark.parametrize(("method", "name"), [("POST", "check"), ("DELETE", "delete")])
def test_the_token_endpoints_of_the_application_fit(
    github: Visitor, method: str, name: str
) -> None:
    url = f"{github.url}/api/v3/applications/{github.client_id}/token"
    body = json.dumps({"access_token": github.link()["access_token"]})
    assert_fits(f"apps/{name}-token", ask(method, url, body, headers=github.basic))
    assert_fits(f"apps/{name}-token", ask(method, url, "{}", headers=github.basic))


@pytest.mark.parametrize(
    ("level", "rights"),
    [
        (Level.GUEST, []),
        (Level.REPORTER, ["pull"]),
        (Level.TRIAGE, ["pull", "triage"]),
        (Level.DEVELOPER, ["pull", "triage", "push"]),
        (Level.MAINTAINER, ["pull", "triage", "push", "maintain"]),
        (Level.OWNER, ["pull", "triage", "push", "maintain", "admin"]),
    ],
)
def test_a_level_means_these_rights(level: Level, rights: list[str]) -> None:
    held = github_rows.permissions(level)
    assert [name for name, has in held.items() if has] == rights
