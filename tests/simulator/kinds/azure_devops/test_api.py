"""Azure DevOps' API: one's own profile and organisations, and each organisation by itself."""

from typing import Any

import pytest

from permsync.simulator.kinds.azure_devops.rows import RESOURCE, id_of, organisation_id
from permsync.simulator.repositories import Repository
from permsync.simulator.world import World
from tests.simulator.visitor import Answer, Visitor

ME = "/_apis/profile/profiles/me?api-version=7.1"


def _repositories(azure: Visitor, organisation: str) -> dict[str, dict[str, Any]]:
    answer = azure.get(f"/{organisation}/_apis/git/repositories?api-version=7.1").json
    assert answer["count"] == len(answer["value"])
    return {f"{row['project']['name']}/{row['name']}": row for row in answer["value"]}


def _accounts(azure: Visitor, member: str) -> list[str]:
    rows = azure.get(f"/_apis/accounts?memberId={member}&api-version=7.1").json["value"]
    return [row["accountName"] for row in rows]


def _one(azure: Visitor, name: str) -> Answer:
    found = azure.host.find_repository(name)
    assert found is not None
    organisation = name.partition("/")[0]
    return azure.get(f"/{organisation}/_apis/git/repositories/{id_of(found).upper()}")


def test_a_profile_is_ones_own(azure: Visitor) -> None:
    azure.link()
    own = azure.get(ME).json
    assert own["emailAddress"] == "ada@example.com"
    assert azure.get(f"/_apis/profile/profiles/{own['id']}").json == own
    other = id_of(azure.host.accounts["linus"])
    assert azure.get(f"/_apis/profile/profiles/{other}").status == 404


@pytest.mark.parametrize(
    ("person", "names"),
    [("ada", ["fabrikam", "contoso", "margaret"]), ("linus", ["fabrikam", "contoso"])],
)
def test_organisations_are_those_of_a_person_by_id(
    azure: Visitor, person: str, names: list[str]
) -> None:
    azure.link(person)
    assert _accounts(azure, id_of(azure.host.accounts[person])) == names
    assert _accounts(azure, id_of(azure.host.accounts["margaret"])) == []
    assert azure.get("/_apis/accounts").status == 400


def test_an_organisation_lists_all_of_its_projects_on_one_page(azure: Visitor) -> None:
    azure.link()
    rows = _repositories(azure, "fabrikam")
    assert len(rows) == 40
    assert {name.partition("/")[0] for name in rows} == {"core", "labs"}
    assert rows["core/infra-03"]["isDisabled"]


def test_a_member_by_one_repository_sees_what_is_open_too(azure: Visitor) -> None:
    azure.link("linus")
    rows = _repositories(azure, "fabrikam")
    assert set(rows) == {"core/api-00"} | {
        f"{project}/{name}"
        for project in ("core", "labs")
        for name in ("tools-08", "tools-18", "legacy-09", "legacy-19")
    }
    assert {row["project"]["visibility"] for row in rows.values()} == {
        "private",
        "organization",
        "public",
    }


def test_rows_may_come_twice_and_are_counted_once(azure: Visitor) -> None:
    azure.link()
    azure.host.faults.duplicate_ids = True
    answer = azure.get("/contoso/_apis/git/repositories").json
    assert (answer["count"], len(answer["value"])) == (20, 21)


def test_one_repository_is_shown_or_is_not_there(azure: Visitor, world: World) -> None:
    azure.link("linus")
    assert _one(azure, "fabrikam/core/api-00").json["name"] == "api-00"
    azure.link()
    for name, person in (("fabrikam/core/web-01", "linus"), ("fabrikam/core/infra-03", "ada")):
        azure.link(person)
        hidden = _one(azure, name)
        assert hidden.status == 404
        assert hidden.json["message"].startswith("TF401019")
        assert world.canary in hidden.text


def test_a_repository_of_another_organisation_is_not_there(azure: Visitor) -> None:
    azure.link()
    found: Repository | None = azure.host.find_repository("contoso/apps/api-00")
    assert found is not None
    assert azure.get(f"/fabrikam/_apis/git/repositories/{id_of(found)}").status == 404


def test_an_organisation_that_does_not_know_somebody_is_401(azure: Visitor, world: World) -> None:
    azure.link("linus")
    refused = azure.get("/margaret/_apis/git/repositories")
    assert refused.status == 401
    assert refused.json["message"].startswith("TF400813")
    assert world.canary in refused.text


def test_fake_17_an_organisation_may_refuse_all_programs_while_the_others_answer(
    azure: Visitor,
) -> None:
    azure.link()
    azure.host.faults.forbidden_namespaces = ["contoso/apps"]
    statuses = {
        name: azure.get(f"/{name}/_apis/git/repositories").status
        for name in ("fabrikam", "contoso")
    }
    assert statuses == {"fabrikam": 200, "contoso": 401}
    assert _accounts(azure, id_of(azure.host.accounts["ada"])) == [
        "fabrikam",
        "contoso",
        "margaret",
    ]


def test_an_organisation_that_is_not_there_is_404_as_a_page(azure: Visitor) -> None:
    azure.link()
    missing = azure.get("/nowhere/_apis/git/repositories")
    assert missing.status == 404
    assert "html" in missing.headers["content-type"]


def test_a_token_for_something_else_reads_nothing(azure: Visitor) -> None:
    tokens = azure.exchange(azure.code(scope="offline_access")).json
    assert azure.get(ME, token=tokens["access_token"]).status == 401
    azure.link()
    azure.host.tokens.shrink_scopes([f"{RESOURCE}/.default"], person="ada")
    assert azure.get(ME).status == 200


def test_ids_are_the_organisations(azure: Visitor) -> None:
    azure.link()
    rows = azure.get(f"/_apis/accounts?memberId={id_of(azure.host.accounts['ada'])}").json["value"]
    assert [row["accountId"] for row in rows][:1] == [organisation_id("fabrikam")]
