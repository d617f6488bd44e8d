"""
When an answer means that too much was asked, and what is left to ask.

Decided here: a refusal is a limit only where the host says so, because a plain refusal must
not be waited for (HOSTS 1.3 #20). This module must not know any host, or who may spend
what is left.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from permsync.codehost import Failure, FailureKind, Response
from permsync.codehost.answers import LONGEST_WAIT, parse_count, quota_in, sent_at_of

# "Otherwise wait at least one minute" (GitHub, best practices for using the REST API);
# GitLab's endpoint limits name no wait either.
UNNAMED_WAIT = timedelta(minutes=1)


def refine_limit(failure: Failure, response: Response, *, says: str) -> Failure:
    """
    Tell a limit from a refusal where a host says 403 for both.

    A limit is known by its status, by ``Retry-After``, by nothing remaining, or by the
    words ``says`` (in lower case).
    """
    if failure.kind not in (FailureKind.RATE_LIMITED, FailureKind.FORBIDDEN):
        return failure
    wait = failure.retry_in or quota_in(response)
    named = failure.kind is FailureKind.RATE_LIMITED or says in failure.detail.lower()
    if not named and wait is None:
        return failure
    return replace(failure, kind=FailureKind.RATE_LIMITED, retry_in=wait or UNNAMED_WAIT)


@dataclass(frozen=True, slots=True)
class Quota:
    """How many requests a window allows, how many are left, and when the next begins."""

    limit: int
    remaining: int
    resets_in: timedelta


def parse_quota(response: Response) -> Quota | None:
    """
    What an answer's ``X-RateLimit-*`` or ``RateLimit-*`` say; ``None`` unless they say all.

    The reset is an instant in epoch seconds (GitHub, GitLab), measured against the answer's
    own ``Date``, because the host's clock wrote both.
    """
    sent_at = sent_at_of(response)
    for prefix in ("x-ratelimit", "ratelimit"):
        limit, remaining, reset = (
            parse_count(response.headers.get(f"{prefix}-{name}"))
            for name in ("limit", "remaining", "reset")
        )
        if limit is None or remaining is None or reset is None or sent_at is None:
            continue
        seconds = max(0.0, reset - sent_at.timestamp())
        return Quota(limit, remaining, min(timedelta(seconds=seconds), LONGEST_WAIT))
    return None
