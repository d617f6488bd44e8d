"""What a host tells of client, callback and scopes to somebody it does not know."""

import pytest

from permsync.codehost import Response, TokenGrant, TokenRefusal, TokenRefusalKind
from permsync.rules.host_check import Check, Finding, Found, Observed
from permsync.rules.host_check.registration import (
    error_at,
    judge_callback,
    judge_client,
    judge_scopes,
)

CALLBACK = "https://permsync.example/link/one/callback"
KNOWN = Finding(Check.CLIENT, Found.OK, "")
REJECTED = TokenRefusal(TokenRefusalKind.REJECTED)
CLIENT_ERROR = TokenRefusal(TokenRefusalKind.CLIENT_ERROR, "the host's own words")
LIMITED = TokenRefusal(TokenRefusalKind.RATE_LIMITED)
AWAY = TokenRefusal(TokenRefusalKind.UNAVAILABLE)


def back(query: str = "", to: str = CALLBACK) -> Response:
    """A redirect, by default to our own address."""
    return Response(302, {"location": f"{to}?{query}"}, b"")


def page(status: int) -> Response:
    return Response(status, {"content-type": "text/html"}, b"the host's own words")


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ([REJECTED], Found.OK),
        ([TokenRefusal(TokenRefusalKind.ACCOUNT_DISABLED)], Found.OK),
        ([CLIENT_ERROR, REJECTED], Found.OK),
        ([CLIENT_ERROR], Found.WRONG),
        ([CLIENT_ERROR, AWAY], Found.WRONG),
        ([TokenGrant("token"), REJECTED], Found.WRONG),
        ([LIMITED, AWAY], Found.UNKNOWN),
        ([AWAY, "timed_out"], Found.UNKNOWN),
        ([TokenRefusal(TokenRefusalKind.UNUSABLE)], Found.UNKNOWN),
        (["reset"], Found.UNKNOWN),
    ],
)
def test_a_host_that_refuses_the_code_has_let_the_client_pass(
    answers: list[TokenGrant | TokenRefusal | str], found: Found
) -> None:
    finding = judge_client(answers)
    assert finding.found is found
    assert "own words" not in str(finding)
    assert bool(finding.cure) == (found is not Found.OK)


def test_a_wrong_client_is_cured_at_its_registration() -> None:
    assert "client_secret" in judge_client([CLIENT_ERROR]).cure


@pytest.mark.parametrize(
    ("observed", "found"),
    [
        (back("error=login_required&state=s"), Found.OK),
        (back("error=invalid_scope&state=s"), Found.OK),
        (back(to="https://code.example/sign-in"), Found.UNKNOWN),
        (back(to="/sign-in"), Found.UNKNOWN),
        (back(to="https://["), Found.UNKNOWN),
        (page(200), Found.UNKNOWN),
        (page(401), Found.UNKNOWN),
        (page(403), Found.UNKNOWN),
        (page(429), Found.UNKNOWN),
        (page(503), Found.UNKNOWN),
        ("timed_out", Found.UNKNOWN),
        (page(400), Found.WRONG),
        (page(404), Found.WRONG),
    ],
)
def test_a_callback_is_wrong_where_a_known_client_gets_no_page(
    observed: Observed, found: Found
) -> None:
    finding = judge_callback(CALLBACK, observed, KNOWN)
    assert finding.found is found
    assert "own words" not in str(finding)


def test_a_page_for_signing_in_leaves_the_callback_to_be_seen() -> None:
    assert judge_callback(CALLBACK, page(200), KNOWN).cure.startswith("sign in there")


def test_a_client_that_is_wrong_may_be_why_there_is_no_page() -> None:
    wrong = Finding(Check.CLIENT, Found.WRONG, "")
    finding = judge_callback(CALLBACK, page(400), wrong)
    assert (finding.found, finding.cure) == (Found.UNKNOWN, "see to the client first")


def scopes(observed: Observed, *, held: int = 0, lacking: int = 0) -> Finding:
    return judge_scopes(("read_api",), CALLBACK, observed, held=held, lacking=lacking)


@pytest.mark.parametrize("observed", [page(200), back("error=login_required"), "timed_out"])
def test_scopes_are_told_by_those_who_hold_them(observed: Observed) -> None:
    assert scopes(observed, held=2, lacking=1).found is Found.OK
    assert scopes(observed, lacking=1).found is Found.WRONG
    assert scopes(observed).found is Found.UNKNOWN


def test_scopes_that_the_host_sends_back_are_wrong_whoever_held_them() -> None:
    finding = scopes(back("error=invalid_scope"), held=2)
    assert finding.found is Found.WRONG
    assert "read_api" in finding.what


def test_where_no_scope_is_asked_for_none_can_be_wrong() -> None:
    finding = judge_scopes((), CALLBACK, page(200), held=0, lacking=0)
    assert finding.found is Found.OK


def test_only_our_own_address_brings_an_error_back() -> None:
    assert error_at(CALLBACK, back("error=access_denied")) == "access_denied"
    assert error_at(CALLBACK, back("code=7")) == ""
    for other in ("http://permsync.example/link/one/callback", "https://evil.example/", ""):
        assert error_at(CALLBACK, back("error=access_denied", to=other)) is None
    assert error_at(CALLBACK, page(200)) is None
