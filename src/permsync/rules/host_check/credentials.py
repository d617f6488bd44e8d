"""
Whether webhooks are taken, a connection's credential is good, and tokens rotate as is assumed.

This module must not know a secret or a token, only what became of it.
"""

from permsync.codehost import FailureKind, Rotation
from permsync.rules.host_check import TRY_LATER, Check, Finding, Found


def judge_webhooks(name: str, *, sends: bool, secrets: int) -> Finding:
    """Whether the host can tell of changes by itself."""
    if not sends:
        return Finding(Check.WEBHOOKS, Found.OK, "this kind sends none that say anything")
    if not secrets:
        what = "none is taken: changes are found by the next listing"
        return Finding(Check.WEBHOOKS, Found.UNKNOWN, what, "set webhook_secrets to be told")
    return Finding(Check.WEBHOOKS, Found.OK, f"/webhooks/{name} takes those that are proved")


def judge_connection(
    name: str, failure: FailureKind | None, *, installed: int | None = None
) -> Finding:
    """
    Whether the host takes the connection's credential; no ``failure`` means that it does.

    ``installed`` is how many of its owners have let an app in, and ``None`` where it is none.
    """
    check = Check.CONNECTION
    if failure is None and installed == 0:
        cure = "have an owner install the app there, or correct owners"
        return Finding(check, Found.WRONG, "no owner has let the app in", cure, about=name)
    if failure is None:
        apart = "" if installed is None else f", and {installed} of its owners have let it in"
        return Finding(check, Found.OK, f"the host takes its credential{apart}", about=name)
    if failure in {FailureKind.CREDENTIAL_REJECTED, FailureKind.ACCOUNT_DISABLED}:
        cure = "make a new token or key there, and start permsync again with it"
        return Finding(check, Found.WRONG, "the host refuses its credential", cure, about=name)
    if failure in {FailureKind.INSUFFICIENT_SCOPE, FailureKind.FORBIDDEN}:
        cure = "give it more rights there, or make one that has them"
        return Finding(check, Found.WRONG, "its credential may do too little", cure, about=name)
    what = "what the host answers says nothing of its credential"
    return Finding(check, Found.UNKNOWN, what, TRY_LATER, about=name)


def judge_rotation(assumed: Rotation, *, refreshed: bool, renewed: bool) -> Finding:
    """
    Whether a refresh does to the refresh token what is assumed of it.

    ``renewed`` says that another refresh token came back. More care than is needed does no
    harm.
    """
    if not refreshed:
        what = "the account could not be refreshed"
        cure = "permsync accounts show says why"
        return Finding(Check.ROTATION, Found.UNKNOWN, what, cure)
    came = "a new refresh token came" if renewed else "the refresh token stays as it is"
    if renewed and assumed is Rotation.NONE:
        what = f"{came}, and {assumed.value!r} is assumed"
        return Finding(Check.ROTATION, Found.WRONG, what, "set the option that says so")
    return Finding(Check.ROTATION, Found.OK, f"{came}; {assumed.value!r} is assumed")
