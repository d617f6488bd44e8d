"""Azure DevOps' answers about one repository: its own address says what the listing would."""

from typing import Any

import pytest

from permsync.codehost import Failure, FailureKind, Identity, KnownRepository, PairAnswer, Response
from permsync.hosts import create
from permsync.model import Level
from tests.hosts.exchanges import answer, page_of_html, settings_of

ENGINE = "5febef5a-833d-4e14-b9c0-14cb638f91e6"
FABRIKAM = "0f5c1a1e-7a55-4a3b-8c3e-000000000001"
ONE = KnownRepository(ENGINE, FABRIKAM, "fabrikam/Fiber Optics/engine")
ADA = Identity("d6245f20-2af8-44f4-9451-8107cb2767db", "ada@example.com")
HOST = create(settings_of("azure_devops", base_url="https://dev.azure.com"))
MISSING = {
    "$id": "1",
    "message": f"TF401019: The Git repository with name or identifier {ENGINE} does not exist or"
    " you do not have permissions for the operation you are attempting.",
    "typeKey": "GitRepositoryNotFoundException",
}


def _pair(response: Response) -> PairAnswer | Failure:
    return HOST.parse_pair(HOST.pair_ask(ONE, ADA), response)


def _row(**changes: Any) -> dict[str, Any]:
    project = {"name": "Fiber Optics", "visibility": "private"}
    return {"id": ENGINE.upper(), "name": "engine", "project": project, **changes}


def test_a_repository_is_asked_for_by_its_id_within_its_organisation() -> None:
    ask = HOST.pair_ask(ONE, ADA)
    place = "https://dev.azure.com/fabrikam/_apis/git/repositories"
    assert ask.request.url == f"{place}/{ENGINE}?api-version=7.1"


def test_the_address_of_one_organisation_is_that_of_all() -> None:
    copied = create(settings_of("azure_devops", base_url="https://dev.azure.com/contoso"))
    assert copied.pair_ask(ONE, ADA).request.url == HOST.pair_ask(ONE, ADA).request.url


def test_what_is_shown_is_a_yes_and_what_is_disabled_a_no_as_in_the_listing() -> None:
    assert _pair(answer(_row())) == PairAnswer(Level.READ)
    assert _pair(answer(_row(isDisabled=True))) == PairAnswer(None)


def test_a_repository_that_is_gone_or_hidden_is_a_no() -> None:
    assert _pair(answer(MISSING, 404)) == PairAnswer(None)


def test_what_only_its_members_see_open_is_a_yes() -> None:
    inside = {"name": "Fiber Optics", "visibility": "organization"}
    assert _pair(answer(_row(project=inside))) == PairAnswer(Level.READ)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        # Whoever is no member of the organisation may read it as well, and is not listed with it.
        (
            answer(_row(project={"name": "Fiber Optics", "visibility": "public"})),
            FailureKind.HIDDEN,
        ),
        # The organisation was renamed, or lets no programs in: nothing about the repository.
        (page_of_html(404), FailureKind.HIDDEN),
        (answer({"message": "TF400898"}, 404), FailureKind.HIDDEN),
        (answer({"message": "TF400813"}, 401), FailureKind.FORBIDDEN),
        (answer({"message": "TF400813"}, 403), FailureKind.FORBIDDEN),
        (answer({"message": "TF400733"}, 429), FailureKind.RATE_LIMITED),
        (page_of_html(203), FailureKind.FORBIDDEN),
        (answer(_row(id=FABRIKAM)), FailureKind.UNREADABLE),
        (answer({"value": []}), FailureKind.UNREADABLE),
    ],
)
def test_everything_else_is_no_word(response: Response, kind: FailureKind) -> None:
    read = _pair(response)
    assert isinstance(read, Failure)
    assert read.kind is kind
