"""
What reaches telemetry from outside the log: a host's own words, and what is traced.

Covers ``permsync.telemetry``. Tokens here are made up.
"""

import pytest

from permsync.telemetry import REDACTED, SpanName, host_detail, span
from tests.spans import finished_spans, forget_spans

# What hosts send back of what they were sent, in no documented shape.
NO_WORDS = {
    "a code": "4c039681a556b7c6f852",
    "a verifier": "6hk3nzar1VT1eptBY8pwYt6hJNhWe2ocgyKdAxIQHeQ",
    "a verifier without digits": "hkenzarVTeptBYpwYthJNhWeocgyKdAxIQHeQabcdef",
    "base64": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
}


@pytest.mark.parametrize("shape", NO_WORDS)
def test_what_is_no_word_is_taken_out_of_a_hosts_words(shape: str) -> None:
    said = host_detail(f"the grant {NO_WORDS[shape]} is unknown")
    assert said == f"the grant {REDACTED} is unknown"


def test_a_hosts_words_stay_readable() -> None:
    said = "insufficient_permissions: https://docs.example/v4/errors#invalid_grant (AADSTS70008)"
    assert host_detail(said) == said


def test_a_span_carries_what_is_noted_and_no_secret() -> None:
    forget_spans()
    with span(SpanName.HOST_REQUEST, method="GET", access_token="hush") as note:
        note(detail="was gho_hush16C7e42F292c6912E7 before", status=200, kind=None)
    (seen,) = finished_spans()
    assert seen.name == "host_request"
    assert dict(seen.attributes or {}) == {
        "permsync.method": "GET",
        "permsync.access_token": REDACTED,
        "permsync.detail": f"was {REDACTED} before",
        "permsync.status": "200",
    }


def test_a_span_keeps_no_words_of_an_exception() -> None:
    forget_spans()
    with pytest.raises(ValueError, match="hush"), span(SpanName.SYNC_ACCOUNT):
        raise ValueError("hush")
    (seen,) = finished_spans()
    assert (seen.events, seen.status.description) == ((), None)
