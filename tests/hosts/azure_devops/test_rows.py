"""Azure DevOps' rows of repositories: which fields count, and what they mean."""

from typing import Any

import pytest

from permsync.codehost import Ask, Page, Request
from permsync.hosts import create
from permsync.hosts.azure_devops.rows import normal
from permsync.model import Level, Visibility
from tests.hosts.exchanges import answer, settings_of

PROJECT = "6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c"
FABRIKAM = "0f5c1a1e-7a55-4a3b-8c3e-000000000001"
ENGINE = "5febef5a-833d-4e14-b9c0-14cb638f91e6"
ASK = Ask("repositories", Request("GET", "https://dev.azure.com"), "fabrikam", FABRIKAM)


def _row(visibility: str = "private", **changes: Any) -> dict[str, Any]:
    project = {"id": PROJECT, "name": "Fiber Optics", "visibility": visibility}
    return {"id": ENGINE.upper(), "name": "engine", "project": project, **changes}


def _listed(*rows: dict[str, Any]) -> Page:
    host = create(settings_of("azure_devops"))
    page = host.parse_page(ASK, answer({"value": rows, "count": len(rows)}))
    assert isinstance(page, Page), page
    return page


def test_an_id_has_one_form() -> None:
    assert normal(ENGINE.upper()) == normal(ENGINE) == ENGINE


def test_a_row_is_read_by_the_fields_that_count() -> None:
    page = _listed(_row())
    (one,) = page.repositories
    assert (one.external_id, one.full_name) == (ENGINE, "fabrikam/Fiber Optics/engine")
    assert (one.owner_id, one.owner) == (FABRIKAM, "fabrikam/Fiber Optics")
    assert (one.visibility, one.level, one.archived) == (Visibility.PRIVATE, Level.READ, False)
    assert (page.series, page.expected, page.follow) == (FABRIKAM, 1, ())
    assert page.seen == {ENGINE}


@pytest.mark.parametrize(
    ("word", "visibility"),
    [
        ("private", Visibility.PRIVATE),
        ("organization", Visibility.INTERNAL),
        ("public", Visibility.PUBLIC),
        ("systemPrivate", Visibility.PRIVATE),
        ("unheard-of", Visibility.PRIVATE),
    ],
)
def test_a_repository_is_as_open_as_its_project(word: str, visibility: Visibility) -> None:
    (one,) = _listed(_row(word)).repositories
    assert one.visibility is visibility


def test_a_project_that_does_not_say_how_open_it_is_is_private() -> None:
    (one,) = _listed(_row(project={"name": "Fiber"})).repositories
    assert one.visibility is Visibility.PRIVATE


def test_a_disabled_repository_is_seen_and_read_by_nobody() -> None:
    """It is in the list, and its own address answers TF401019 to everybody."""
    page = _listed(_row(isDisabled=True))
    assert page.repositories == ()
    assert page.seen == {ENGINE}


def test_a_repository_under_maintenance_is_read_as_ever() -> None:
    assert _listed(_row(isInMaintenance=True, isFork=True)).repositories
