"""
When an answer means that too much was asked, and what is left to ask.

Decided here: a refusal is a limit only where the host says so, because a plain refusal must
not be waited for (HOSTS 1.3 #20). This module must not know any host, or who may spend
what is left.
"""

from dataclasses import replace
from datetime import timedelta

from permsync.codehost import Failure, FailureKind, Response
from permsync.codehost.answers import quota_in

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
