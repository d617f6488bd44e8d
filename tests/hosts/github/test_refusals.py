"""What a 403 of GitHub means, which it says of limits, of accounts and of rights."""

import pytest

from permsync.codehost import Failure, FailureKind, Response
from permsync.hosts.github.refusals import refine, refine_right

PLAIN = Response(403, {}, b"")
LACKING = "Resource not accessible by integration"


def forbidden(words: str) -> Failure:
    """A 403 with these words."""
    return Failure(FailureKind.FORBIDDEN, words)


def test_a_suspended_account_is_told_from_a_right() -> None:
    suspended = refine(forbidden("Sorry. Your account was suspended."), PLAIN)
    assert suspended.kind is FailureKind.ACCOUNT_DISABLED
    assert refine(forbidden("Must have admin rights"), PLAIN).kind is FailureKind.FORBIDDEN


def test_a_secondary_limit_is_known_by_its_words() -> None:
    limited = refine(forbidden("You have exceeded a secondary rate limit"), PLAIN)
    assert limited.kind is FailureKind.RATE_LIMITED


def test_a_missing_permission_is_the_operators_to_give_where_nobody_is_asked_for() -> None:
    assert refine_right(forbidden(LACKING), PLAIN).kind is FailureKind.INSUFFICIENT_SCOPE
    assert refine(forbidden(LACKING), PLAIN).kind is FailureKind.FORBIDDEN


@pytest.mark.parametrize("kind", [FailureKind.HIDDEN, FailureKind.UNAVAILABLE])
def test_what_is_no_refusal_of_a_right_stays_as_it_is(kind: FailureKind) -> None:
    failure = Failure(kind, LACKING)
    assert refine_right(failure, Response(404, {}, b"")) == failure
