"""A refusal is a limit only where the host says so, and only a limit names a wait."""

from datetime import timedelta

import pytest

from permsync.codehost import Failure, FailureKind, Response
from permsync.codehost.answers import LONGEST_WAIT
from permsync.codehost.limits import UNNAMED_WAIT, Quota, parse_quota, refine_limit

SPENT = {"x-ratelimit-remaining": "0"}
PLENTY = {"x-ratelimit-remaining": "4000", "x-ratelimit-reset": "1795521600"}


def _refined(
    kind: FailureKind, text: str = "no", headers: dict[str, str] | None = None, **more: timedelta
) -> Failure:
    failure = Failure(kind, text, **more)
    return refine_limit(failure, Response(403, headers or {}, b""), says="secondary rate")


@pytest.mark.parametrize("headers", [{}, PLENTY])
def test_a_refusal_without_a_sign_of_a_limit_names_no_wait(headers: dict[str, str]) -> None:
    """The reset is on every answer and must not be slept for (HOSTS 1.3 #20)."""
    refused = _refined(FailureKind.FORBIDDEN, headers=headers)
    assert (refused.kind, refused.retry_in) == (FailureKind.FORBIDDEN, None)


def test_nothing_remaining_is_a_limit() -> None:
    assert _refined(FailureKind.FORBIDDEN, headers=SPENT).kind is FailureKind.RATE_LIMITED


def test_a_wait_that_is_named_is_a_limit_and_is_kept() -> None:
    refined = _refined(FailureKind.FORBIDDEN, retry_in=timedelta(seconds=9))
    assert (refined.kind, refined.retry_in) == (FailureKind.RATE_LIMITED, timedelta(seconds=9))


def test_the_words_of_a_limit_without_a_wait_mean_a_minute() -> None:
    refined = _refined(FailureKind.FORBIDDEN, "You exceeded a Secondary Rate limit")
    assert (refined.kind, refined.retry_in) == (FailureKind.RATE_LIMITED, UNNAMED_WAIT)


def test_a_limit_by_its_status_stays_one() -> None:
    assert _refined(FailureKind.RATE_LIMITED).retry_in == UNNAMED_WAIT


def test_other_failures_stay_what_they_are() -> None:
    assert _refined(FailureKind.UNAVAILABLE, headers=SPENT).kind is FailureKind.UNAVAILABLE


SENT_AT = "Sat, 28 Nov 2026 09:00:00 GMT"
EPOCH = 1_795_856_400


def _quota(**headers: str) -> Quota | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse_quota(Response(200, named, b""))


@pytest.mark.parametrize("prefix", ["x_ratelimit", "ratelimit"])
def test_what_is_left_is_read_as_github_and_gitlab_write_it(prefix: str) -> None:
    said = {"limit": "5000", "remaining": "4321", "reset": str(EPOCH + 90)}
    headers = {f"{prefix}_{name}": value for name, value in said.items()}
    assert _quota(date=SENT_AT, **headers) == Quota(5_000, 4_321, timedelta(seconds=90))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"date": SENT_AT, "x_ratelimit_limit": "9", "x_ratelimit_remaining": "1"},
        {"x_ratelimit_limit": "9", "x_ratelimit_remaining": "1", "x_ratelimit_reset": str(EPOCH)},
        {
            "date": SENT_AT,
            "x_ratelimit_limit": "many",
            "x_ratelimit_remaining": "1",
            "x_ratelimit_reset": str(EPOCH),
        },
    ],
)
def test_half_a_quota_is_none(headers: dict[str, str]) -> None:
    assert _quota(**headers) is None


@pytest.mark.parametrize(("reset", "resets_in"), [(-5, timedelta()), (10**9, LONGEST_WAIT)])
def test_a_reset_in_the_past_or_beyond_belief_is_bounded(reset: int, resets_in: timedelta) -> None:
    quota = _quota(
        date=SENT_AT,
        ratelimit_limit="9",
        ratelimit_remaining="1",
        ratelimit_reset=str(EPOCH + reset),
    )
    assert quota == Quota(9, 1, resets_in)
