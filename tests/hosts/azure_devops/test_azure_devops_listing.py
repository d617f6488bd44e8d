"""Azure DevOps' listing in three steps: the profile, the organisations, what is in each."""

from typing import Any

import pytest

from permsync.codehost import Ask, CodeHost, Failure, FailureKind, Page, Response
from permsync.hosts import create
from permsync.rules.listing import Enumeration
from tests.hosts.exchanges import answer, page_of_html, settings_of

CLOUD = "https://dev.azure.com"
PEOPLE = "https://app.vssps.visualstudio.com"
ADA = "d6245f20-2af8-44f4-9451-8107cb2767db"
FABRIKAM = "0f5c1a1e-7a55-4a3b-8c3e-000000000001"
CONTOSO = "0f5c1a1e-7a55-4a3b-8c3e-000000000002"
ENGINE = "5febef5a-833d-4e14-b9c0-14cb638f91e6"
UNAUTHORISED = {
    "$id": "1",
    "message": "TF400813: The user 'ada' is not authorized to access this resource.",
    "typeKey": "UnauthorizedRequestException",
}


def _host() -> CodeHost:
    return create(settings_of("azure_devops", base_url=CLOUD))


def _page(response: Response, ask: Ask) -> Page:
    page = _host().parse_page(ask, response)
    assert isinstance(page, Page), page
    return page


def _failure(response: Response, ask: Ask) -> FailureKind:
    failure = _host().parse_page(ask, response)
    assert isinstance(failure, Failure), failure
    return failure.kind


def _organisations_ask() -> Ask:
    (first,) = _host().listing_asks()
    (ask,) = _page(answer({"id": ADA.upper(), "emailAddress": "ada@example.com"}), first).follow
    return ask


def _accounts(**named: str) -> Response:
    rows = [{"accountId": one, "accountName": name} for name, one in named.items()]
    return answer({"count": len(rows), "value": rows})


def _repositories_ask(name: str = "fabrikam") -> Ask:
    rows = [{"accountId": FABRIKAM.upper(), "accountName": name, "properties": {}}]
    (ask,) = _page(answer({"count": 1, "value": rows}), _organisations_ask()).follow
    return ask


def _row() -> dict[str, Any]:
    return {"id": ENGINE, "name": "engine", "project": {"name": "Fiber", "visibility": "private"}}


# The steps


def test_organisations_are_asked_for_by_the_profiles_id_at_the_same_service() -> None:
    (first,) = _host().listing_asks()
    assert first.request.url == f"{PEOPLE}/_apis/profile/profiles/me?api-version=7.1"
    url = _organisations_ask().request.url
    assert url == f"{PEOPLE}/_apis/accounts?memberId={ADA}&api-version=7.1"


def test_each_organisation_is_asked_by_name_for_all_of_its_projects() -> None:
    asks = _page(_accounts(fabrikam=FABRIKAM, contoso=CONTOSO), _organisations_ask()).follow
    assert [(ask.request.url, ask.owner_id) for ask in asks] == [
        (f"{CLOUD}/fabrikam/_apis/git/repositories?api-version=7.1", FABRIKAM),
        (f"{CLOUD}/contoso/_apis/git/repositories?api-version=7.1", CONTOSO),
    ]


def test_a_name_cannot_leave_its_place_in_the_address() -> None:
    url = _repositories_ask("../evil?x=").request.url
    assert url.startswith(f"{CLOUD}/..%2Fevil%3Fx%3D/_apis/")


def test_a_person_without_organisations_has_a_whole_and_empty_listing() -> None:
    assert _page(_accounts(), _organisations_ask()) == Page()


# One organisation is not the token


def _enumerate(**answers: Response) -> Enumeration:
    """All of Ada's listing, where these organisations answer so; fabrikam shows one row."""
    known = {"fabrikam": answer({"value": [_row()], "count": 1}), **answers}
    ids = {"fabrikam": FABRIKAM, "contoso": CONTOSO}
    steps = {"profile": answer({"id": ADA}), "organisations": _accounts(**ids)}
    listing = Enumeration.of(_host().listing_asks())
    while (ask := listing.take()) is not None:
        listing.note(ask, _host().parse_page(ask, steps.get(ask.step) or known[ask.about]))
    return listing


def test_fewer_rows_than_are_counted_leave_a_gap() -> None:
    listing = _enumerate(contoso=answer({"value": [], "count": 1}))
    assert listing.coverage().gaps == {CONTOSO}


@pytest.mark.parametrize(
    "refusal",
    [
        answer(UNAUTHORISED, 401),
        Response(401, {}, b""),
        answer(UNAUTHORISED, 403),
        answer({"message": "TF400898"}, 404),
        page_of_html(404),
        page_of_html(203),
        Response(302, {"location": "https://spsprod.vssps.visualstudio.com/_signin?realm=x"}, b""),
    ],
    ids=[
        "no programs",
        "no access",
        "forbidden",
        "unknown",
        "unknown, as a page",
        "a page to sign in at",
        "the way to one",
    ],
)
def test_fake_17_an_organisation_that_refuses_is_a_gap_and_the_token_lives(
    refusal: Response,
) -> None:
    listing = _enumerate(contoso=refusal)
    assert listing.refusal() is None
    assert listing.coverage().complete
    assert listing.coverage().gaps == {CONTOSO}
    assert [one.external_id for one in listing.repositories()] == [ENGINE]


@pytest.mark.parametrize("step", ["profile", "organisations"])
def test_before_any_organisation_is_asked_a_page_to_sign_in_at_is_the_tokens(step: str) -> None:
    ask = _host().listing_asks()[0] if step == "profile" else _organisations_ask()
    assert _failure(page_of_html(203), ask) is FailureKind.CREDENTIAL_REJECTED


@pytest.mark.parametrize("step", ["profile", "organisations"])
def test_before_any_organisation_is_asked_a_401_is_the_tokens(step: str) -> None:
    ask = _host().listing_asks()[0] if step == "profile" else _organisations_ask()
    assert _failure(answer(UNAUTHORISED, 401), ask) is FailureKind.CREDENTIAL_REJECTED


def test_an_organisation_that_refuses_everything_for_a_while_is_a_limit() -> None:
    blocked = answer({"message": "TF400733: blocked"}, 429, {"retry-after": "7"})
    assert _failure(blocked, _repositories_ask()) is FailureKind.RATE_LIMITED


@pytest.mark.parametrize(
    "body", [{"value": [{"id": ENGINE}]}, {"count": 1}, {"value": [{"id": "x", "name": "y"}]}]
)
def test_rows_of_another_shape_are_unreadable(body: dict[str, Any]) -> None:
    assert _failure(answer(body), _repositories_ask()) is FailureKind.UNREADABLE
