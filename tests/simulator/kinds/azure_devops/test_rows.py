"""Azure DevOps' rows: GUIDs without braces, projects in organisations."""

import pytest

from permsync.simulator.kinds.azure_devops.rows import (
    id_of,
    organisation_id,
    organisation_of,
    organisation_row,
    profile_row,
    project_of,
    repository_row,
)
from permsync.simulator.repositories import Account, Namespace, Repository

GUID = "5febef5a-833d-4e14-b9c0-14cb638f91e6"
ADA = Account("ada", 7, f"{{{GUID}}}", "7:x", "ada", "Ada Lovelace", "ada@example.com")
CORE = Namespace(3, f"{{{GUID}}}", "fabrikam/core")


def test_a_project_is_written_after_its_organisation() -> None:
    assert (organisation_of("fabrikam/core"), project_of("fabrikam/core")) == ("fabrikam", "core")


def test_a_project_that_is_written_alone_is_called_like_its_organisation() -> None:
    assert (organisation_of("bulk"), project_of("bulk")) == ("bulk", "bulk")


def test_an_owner_is_known_by_its_organisation_and_all_else_by_itself() -> None:
    assert id_of(ADA) == id_of(Repository(9, f"{{{GUID}}}", "fabrikam/core", "engine")) == GUID
    assert id_of(CORE) == organisation_id("fabrikam") != organisation_id("contoso")


def test_a_profile_has_its_id_twice() -> None:
    row = profile_row(ADA)
    assert row["id"] == row["publicAlias"] == GUID
    assert (row["emailAddress"], row["displayName"]) == ("ada@example.com", "Ada Lovelace")


def test_an_organisation_is_called_an_account() -> None:
    row = organisation_row("fabrikam")
    assert (row["accountId"], row["accountName"]) == (organisation_id("fabrikam"), "fabrikam")


@pytest.mark.parametrize(
    ("visibility", "word"),
    [("private", "private"), ("internal", "organization"), ("public", "public")],
)
def test_a_repository_is_as_open_as_its_project_says(visibility: str, word: str) -> None:
    one = Repository(9, f"{{{GUID}}}", "fabrikam/core", "engine", visibility=visibility)  # type: ignore[arg-type]  # parametrised
    row = repository_row("http://h/azure", one, owner=CORE)
    assert (row["id"], row["name"], row["isDisabled"]) == (GUID, "engine", False)
    assert (row["project"]["name"], row["project"]["visibility"]) == ("core", word)
    assert row["webUrl"] == "http://h/azure/fabrikam/core/_git/engine"
