"""
What GitHub's refusals mean: it says 403 for a limit, for an account, and for a right.

Sources: "Rate limits for the REST API", "Troubleshooting the REST API". This module must not
know what was asked for.
"""

from dataclasses import replace

from permsync.codehost import Failure, FailureKind, Response
from permsync.codehost.limits import refine_limit

# "Resource not accessible by integration", or "by personal access token".
_LACKING = "resource not accessible by "


def refine(failure: Failure, response: Response) -> Failure:
    """Tell a limit and a suspended account from a plain refusal."""
    if failure.kind is FailureKind.FORBIDDEN and "account was suspended" in failure.detail.lower():
        return replace(failure, kind=FailureKind.ACCOUNT_DISABLED)
    return refine_limit(failure, response, says="secondary rate")


def refine_right(failure: Failure, response: Response) -> Failure:
    """
    The same where no person is asked for: a permission may lack, which an operator gives.

    Not for people's tokens: what an app was not given is nobody's account's fault.
    """
    refined = refine(failure, response)
    if refined.kind is FailureKind.FORBIDDEN and _LACKING in refined.detail.lower():
        return replace(refined, kind=FailureKind.INSUFFICIENT_SCOPE)
    return refined
