"""What an app lists at GitHub, and that an installation reaches what its owner let it."""

from typing import Any

import pytest
from jsonschema import Draft7Validator

from permsync.simulator.repositories import Installation
from permsync.simulator.server import RunningSimulator
from tests.simulator.kinds.github.stated import INSTALLED, mint, register, statement
from tests.simulator.kinds.github.test_rows import COMPONENTS, OPERATIONS, assert_fits
from tests.simulator.visitor import Answer, Visitor

COVERED = "/api/v3/installation/repositories"


@pytest.fixture
def app(simulator: RunningSimulator) -> Visitor:
    visitor = Visitor(simulator, "github")
    register(visitor.host)
    return visitor


def _installation(app: Visitor, owner: str) -> Installation:
    found = app.host.installations.values()
    return next(each for each in found if each.namespace == owner)


def _as(app: Visitor, owner: str, path: str) -> Answer:
    token = mint(app, _installation(app, owner).id).json["token"]
    return app.get(path, token=token)


def _fit(rows: list[Any]) -> None:
    """
    Each row fits the schema of one installation.

    The one of the list wants every account to be a person and an enterprise at once.
    """
    schema = {**COMPONENTS["schemas"]["installation"], "components": COMPONENTS}
    assert rows
    assert not [fault.message for row in rows for fault in Draft7Validator(schema).iter_errors(row)]


def _parameters(operation: str) -> set[str]:
    names = {each.get("name") or each["$ref"] for each in OPERATIONS[operation]["parameters"]}
    return {name.rpartition("/")[2].replace("-", "_") for name in names}


def test_installations_fit_and_have_thirty_on_a_page_unless_asked(app: Visitor) -> None:
    host = app.host
    for number in range(40):
        host.add_namespace(f"more-{number}")
        one = Installation(host.next_id(), app.client_id, f"more-{number}")
        host.installations[one.id] = one
    first = app.get(INSTALLED, token=statement(host))
    _fit(first.json)
    assert (len(first.json), 'rel="last"' in first.headers["link"]) == (30, True)
    most = app.get(f"{INSTALLED}?per_page=100", token=statement(host))
    assert "per_page" in _parameters("apps/list-installations")
    assert len(most.json) == len(host.installations)
    assert "link" not in most.headers


def test_the_installations_of_another_app_are_not_listed(app: Visitor) -> None:
    other = _installation(app, "acme")
    other.client_id = "another"
    listed = app.get(f"{INSTALLED}?per_page=100", token=statement(app.host)).json
    assert other.id not in {each["id"] for each in listed}
    assert mint(app, other.id).status == 404


def test_a_minted_token_fits(app: Visitor) -> None:
    assert_fits("apps/create-installation-access-token", mint(app, _installation(app, "acme").id))
    assert_fits("apps/create-installation-access-token", mint(app, 1))


def test_an_installation_reaches_what_its_owner_chose_with_no_right_of_its_own(
    app: Visitor,
) -> None:
    all_of, some_of = (
        _as(app, owner, f"{COVERED}?per_page=100") for owner in ("acme", "acme-labs")
    )
    for answer in (all_of, some_of):
        assert_fits("apps/list-repos-accessible-to-installation", answer, query=("per_page",))
    theirs = {each.id for each in app.host.by_id() if each.owner == "acme"}
    assert {row["id"] for row in all_of.json["repositories"]} == theirs
    assert all_of.json["total_count"] == len(theirs)
    selected = _installation(app, "acme-labs").selected
    assert {row["id"] for row in some_of.json["repositories"]} == set(selected)
    rights = [right for row in all_of.json["repositories"] for right in row["permissions"].values()]
    assert not any(rights)


def test_a_person_is_no_installation(app: Visitor) -> None:
    app.link()
    assert app.get(COVERED).status == 403
    assert app.get(INSTALLED).status == 401


def test_an_installation_is_told_the_collaborators_of_what_it_reaches(app: Visitor) -> None:
    one = app.host.find_repository("acme/api-00")
    assert one is not None
    path = f"/api/v3/repositories/{one.id}/collaborators?affiliation=all&per_page=100"
    answer = _as(app, "acme", path)
    assert_fits("repos/list-collaborators", answer, query=("affiliation", "per_page"))
    readers = {person for person in app.host.accounts if app.host.level(person, one) >= 20}
    assert {row["login"] for row in answer.json} == readers
    assert _as(app, "acme-labs", path).status == 404
    _installation(app, "acme").permissions = {}
    assert _as(app, "acme", path).status == 403
