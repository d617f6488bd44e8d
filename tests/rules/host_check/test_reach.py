"""Whether a host is where the settings say, as what they say, at what time."""

from datetime import UTC, datetime, timedelta

import pytest

from permsync.codehost import Failure, FailureKind, Identity, Response
from permsync.rules.host_check import Finding, Found, Observed
from permsync.rules.host_check.reach import (
    FAULTS,
    UNREACHED,
    judge_address,
    judge_api,
    judge_clock,
    judge_tls,
)
from permsync.transport import UnansweredReason, UnsentReason

CONSENT = "https://code.example/context/oauth/authorize?client_id=permsync&state=secret-state"
API = "https://code.example/context/api"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MOST = timedelta(seconds=5)


def answer(status: int, **headers: str) -> Response:
    return Response(status, headers, b"the host's own words")


def test_every_fault_of_the_way_there_has_words_and_a_cure() -> None:
    assert FAULTS.keys() == {*UnsentReason, *UnansweredReason}
    assert set(UnsentReason) == set(UNREACHED)
    assert all(what and cure for what, cure in FAULTS.values())


@pytest.mark.parametrize("fault", FAULTS)
def test_a_host_that_cannot_be_asked_is_wrong_with_the_cure_of_the_fault(fault: str) -> None:
    address, api = judge_address(CONSENT, fault), judge_api(API, fault, None)
    for finding in (address, api):
        assert (finding.found, finding.cure) == (Found.WRONG, FAULTS[fault][1])
    assert address.what == f"https://code.example: {FAULTS[fault][0]}"


@pytest.mark.parametrize("status", [200, 302, 400, 404])
def test_whatever_a_server_answers_it_is_there(status: int) -> None:
    finding = judge_address(CONSENT, answer(status))
    assert (finding.found, finding.what) == (Found.OK, "https://code.example answers")


def test_an_outage_is_told_by_its_status() -> None:
    for finding in (
        judge_address(CONSENT, answer(503)),
        judge_api(API, answer(503), Failure(FailureKind.UNAVAILABLE)),
    ):
        assert finding.found is Found.WRONG
        assert "503" in finding.what
        assert finding.cure == "try later"


@pytest.mark.parametrize(
    ("url", "location", "found"),
    [
        ("http://code.example/a", "https://code.example/a", Found.WRONG),
        ("http://code.example/a", "https://login.example/", Found.OK),
        ("http://code.example/a", "/sign-in", Found.OK),
        ("http://code.example/a", "https://[", Found.OK),
        ("https://code.example/a", "https://code.example/sign-in", Found.OK),
    ],
)
def test_an_address_that_leads_on_to_https_is_wrong(url: str, location: str, found: Found) -> None:
    finding = judge_address(url, answer(302, location=location))
    assert finding.found is found


@pytest.mark.parametrize(
    ("url", "observed", "found"),
    [
        ("https://code.example/a", answer(404), Found.OK),
        ("https://code.example/a", "timed_out", Found.OK),
        ("https://code.example/a", "tls_failed", Found.WRONG),
        ("https://code.example/a", "name_unknown", Found.UNKNOWN),
        ("http://code.example/a", answer(200), Found.UNKNOWN),
    ],
)
def test_a_certificate_is_trusted_where_anything_came_through_it(
    url: str, observed: Observed, found: Found
) -> None:
    assert judge_tls(url, observed).found is found


@pytest.mark.parametrize(
    "meaning",
    [
        Identity("7", "ada"),
        Failure(FailureKind.CREDENTIAL_REJECTED),
        Failure(FailureKind.FORBIDDEN),
        Failure(FailureKind.ACCOUNT_DISABLED),
        Failure(FailureKind.INSUFFICIENT_SCOPE),
    ],
)
def test_an_api_that_speaks_of_the_credential_is_the_right_one(meaning: object) -> None:
    assert judge_api(API, answer(401), meaning).found is Found.OK


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, FailureKind.UNREADABLE),
        (302, FailureKind.UNAVAILABLE),
        (401, FailureKind.UNAVAILABLE),
        (404, FailureKind.HIDDEN),
        (404, FailureKind.UNAVAILABLE),
        (410, FailureKind.ENDPOINT_GONE),
    ],
)
def test_what_does_not_answer_as_the_api_is_another_address(status: int, kind: FailureKind) -> None:
    finding = judge_api(API, answer(status), Failure(kind, "the host's own words"))
    assert finding.found is Found.WRONG
    assert f"{API} answers {status}" in finding.what
    assert "context path" in finding.cure
    assert "own words" not in str(finding)


def test_a_limit_of_the_api_tells_nothing() -> None:
    finding = judge_api(API, answer(429), Failure(FailureKind.RATE_LIMITED))
    assert (finding.found, finding.cure) == (Found.UNKNOWN, "try later")


def clock(date: str | None, *, took: timedelta = timedelta()) -> Finding:
    """The finding about an answer that says this time, asked for at noon."""
    observed = answer(200, date=date) if date else answer(200)
    return judge_clock(observed, asked_at=NOON, answered_at=NOON + took, most=MOST)


@pytest.mark.parametrize("second", ["11:59:54", "11:59:59", "12:00:00", "12:00:05"])
def test_clocks_agree_as_far_as_whole_seconds_tell(second: str) -> None:
    assert clock(f"Tue, 24 Nov 2026 {second} GMT").found is Found.OK


@pytest.mark.parametrize(
    ("second", "said"), [("11:59:53", "6 seconds behind"), ("12:00:06", "6 seconds ahead of")]
)
def test_clocks_that_differ_are_told_by_how_much_and_which_way(second: str, said: str) -> None:
    finding = clock(f"Tue, 24 Nov 2026 {second} GMT")
    assert finding.found is Found.WRONG
    assert finding.what == f"its clock is {said} ours"


def test_a_slow_answer_is_no_wrong_clock() -> None:
    assert clock("Tue, 24 Nov 2026 12:00:20 GMT", took=timedelta(seconds=20)).found is Found.OK


def test_a_host_that_does_not_say_the_time_or_anything_leaves_it_unknown() -> None:
    assert clock(None).found is Found.UNKNOWN
    assert clock("yesterday").found is Found.UNKNOWN
    silent = judge_clock("timed_out", asked_at=NOON, answered_at=NOON, most=MOST)
    assert silent.found is Found.UNKNOWN
