"""
What people and programs read: one sentence of ours for every code, and nothing else.

Each table covers a closed set; a test walks the sets. A code host's own words have no way
in here. This module must not know which answer or page a sentence stands in.
"""

from collections.abc import Mapping, Sequence

from permsync.codehost import FailureKind
from permsync.codehost.signatures import Refusal
from permsync.errors import LendingRefusal, LinkRefusal, SealedValueError, SealingKeyError
from permsync.model import AccountReason, AccountState, LeftOut, Reason
from permsync.oauth2 import CallbackError
from permsync.oauth2.openid import SignInRefusal
from permsync.rules.diagnosis import Cause
from permsync.rules.refresh import AttemptState, Outcome
from permsync.rules.revocation import Outcome as Revocation

REASONS: Mapping[Reason, str] = {
    Reason.GRANT: "A linked account may read this repository.",
    Reason.OPEN_PUBLIC: "The repository is public at its code host.",
    Reason.OPEN_INTERNAL: "The repository is internal, and a linked account is inside.",
    Reason.EXPLICIT_ALLOW: "An operator allowed this person to see the repository.",
    Reason.EXPLICIT_DENY: "An operator denied this person the repository.",
    Reason.UNKNOWN_USER: "Nobody known here has this name.",
    Reason.UNKNOWN_HOST: "This code host is not configured here.",
    Reason.UNKNOWN_REPOSITORY: "No sync has seen a repository of this name.",
    Reason.USER_DISABLED: "This person is disabled.",
    Reason.NOT_LINKED: "No account at this code host is linked.",
    Reason.NEEDS_REAUTH: "The account at this code host must be reconnected.",
    Reason.NEEDS_SCOPE: "The account at this code host must grant access again.",
    Reason.DISABLED_AT_HOST: "The code host has disabled the account.",
    Reason.FIRST_SYNC_PENDING: "The first sync of the account has not ended yet.",
    Reason.EVIDENCE_TOO_OLD: "The last complete sync is too long ago to rely on.",
    Reason.SOURCE_NOT_COUNTED: "A connection lists this person; its lists do not count here.",
    Reason.CLOSED_BY_POLICY: "Open at its code host; here only its named readers may see it.",
    Reason.NO_ACCESS: "No linked account may read this repository.",
}

STATES: Mapping[AccountState, str] = {
    AccountState.ACTIVE: "Linked and working.",
    AccountState.SUSPECT: "The code host refused to refresh the token once; it is tried again.",
    AccountState.NEEDS_REAUTH: "The account must be reconnected.",
    AccountState.NEEDS_SCOPE: "The account must grant access again.",
    AccountState.DISABLED_AT_HOST: "The code host has disabled the account.",
    AccountState.UNLINKED: "The account is not linked any more.",
}

_RECONNECT = "please reconnect."
_OURS = "Something is wrong on our side, the operator must repair it; you need not do anything."

ACCOUNT_REASONS: Mapping[AccountReason, str] = {
    AccountReason.ROTATION_LOST: f"Token refresh was cut short, {_RECONNECT}",
    AccountReason.REVOKED_OR_EXPIRED: f"Token refresh failed, {_RECONNECT}",
    AccountReason.CREDENTIAL_REJECTED: f"The code host no longer accepts the token, {_RECONNECT}",
    AccountReason.SCOPE_MISSING: "Not all that is needed was granted, please grant access.",
    AccountReason.DISABLED_AT_HOST: "The code host has disabled the account.",
    AccountReason.NO_REFRESH_TOKEN: f"The token has expired and cannot be refreshed, {_RECONNECT}",
    AccountReason.UNLINKED_BY_PERSON: "The account was disconnected.",
    AccountReason.REFRESH_UNANSWERED: "Token refresh got no answer; it is tried again.",
    AccountReason.REFRESH_REFUSED_ONCE: "Token refresh was refused once; it is tried again.",
    AccountReason.SEALING_KEY_LOST: f"The stored token was lost on our side, {_RECONNECT}",
    AccountReason.OPERATOR_MUST_REPAIR: _OURS,
}

ATTEMPTS: Mapping[Outcome, str] = {
    Outcome.ADOPTED: "The token was refreshed.",
    Outcome.KEPT: "The answer came late; its token is kept in reserve.",
    Outcome.UNSENT: "The code host could not be reached; it is tried again.",
    Outcome.REJECTED: "The code host refused the token.",
    Outcome.CLIENT_ERROR: "The code host refused this service itself; tell the operator.",
    Outcome.DISABLED: "The code host has disabled the account.",
    Outcome.MAYBE_CONSUMED: "The code host answered with a fault; it is tried again.",
    Outcome.UNANSWERED: "The code host did not answer; it is tried again.",
    Outcome.SUPERSEDED: "Another refresh came first.",
    Outcome.REUSED: "This try came late; whether the newer token survived is being looked at.",
    Outcome.FENCED: "The account was linked again or disconnected in the middle.",
}

LIVE_ATTEMPTS: Mapping[AttemptState, str] = {
    AttemptState.ARMED: "A refresh is running.",
    AttemptState.STAGED: "The code host answered something unusual; it is being looked at.",
    AttemptState.UNCERTAIN: "No answer came yet; it is tried again soon.",
}

REVOCATIONS: Mapping[Revocation, str] = {
    Revocation.REVOKED: "The code host has revoked the old tokens.",
    Revocation.ALREADY_GONE: "The code host did not know the old tokens any more.",
    Revocation.REFUSED: "The code host refused to revoke the old tokens.",
    Revocation.NOT_OFFERED: "The code host offers no way to revoke tokens.",
    Revocation.WOULD_END_LINK: "The old tokens were let be: revoking them could end a newer link.",
    Revocation.EXPIRED: "The old tokens have expired.",
    Revocation.GIVEN_UP: "The code host did not revoke the old tokens for too long; given up.",
    Revocation.UNREADABLE: "The old tokens could not be opened; they are erased here.",
}

LINK_REFUSALS: Mapping[LinkRefusal, str] = {
    LinkRefusal.STATE_UNKNOWN: "This link was not begun here or was used already; start again.",
    LinkRefusal.STATE_EXPIRED: "Linking took too long; start again.",
    LinkRefusal.OTHER_BROWSER: "Linking was begun in another browser or session; start again.",
    LinkRefusal.DENIED_AT_HOST: "Access was not granted at the code host.",
    LinkRefusal.WRONG_ISSUER: "The answer did not come from the code host; nothing was linked.",
    LinkRefusal.CODE_REJECTED: "The code host did not accept the sign-in; start again.",
    LinkRefusal.HOST_UNAVAILABLE: "The code host did not answer as it should; try again later.",
    LinkRefusal.HOST_MISCONFIGURED: "The code host refused this service; tell its operator.",
    LinkRefusal.SCOPE_MISSING: "Not all the access that is needed was granted; start again.",
    LinkRefusal.SCOPE_NARROWER: "Less access was granted than the account has; it stays as it was.",
    LinkRefusal.LINKED_TO_SOMEONE_ELSE: "Another person has linked this account already.",
    LinkRefusal.USER_DISABLED: "You are disabled here; nothing was linked.",
}

LENDING_REFUSALS: Mapping[LendingRefusal, str] = {
    LendingRefusal.NOT_ALLOWED: "This key may not be lent this token, or there is no such account.",
    LendingRefusal.LENDING_OFF: "Tokens of this code host are not lent; the operator may allow it.",
    LendingRefusal.USER_DISABLED: REASONS[Reason.USER_DISABLED],
    LendingRefusal.NOT_LINKED: STATES[AccountState.UNLINKED],
    LendingRefusal.NEEDS_REAUTH: STATES[AccountState.NEEDS_REAUTH],
    LendingRefusal.NEEDS_SCOPE: STATES[AccountState.NEEDS_SCOPE],
    LendingRefusal.DISABLED_AT_HOST: STATES[AccountState.DISABLED_AT_HOST],
    LendingRefusal.TRY_AGAIN: "No fresh token can be had just now; try again.",
}

CAUSE_TITLES: Mapping[Cause, str] = {
    Cause.VISIBLE: "You see it",
    Cause.BEING_READ: "It is being looked at",
    Cause.ELSEWHERE: "This is no address of a repository here",
}

CAUSES: Mapping[Cause, str] = {
    Cause.VISIBLE: "It is in what you see in search and in answers.",
    Cause.ELSEWHERE: "Paste it as your browser shows it; it must be at a code host that is set"
    " up here.",
    Cause.BY_OPERATOR: "The operator of this service decided so.",
    Cause.NOT_INCLUDED: "What {owner} has at {host} is not mirrored here; ask the operator.",
    Cause.NOT_LINKED: "You have not linked an account at {host}.",
    Cause.NEEDS_REAUTH: "Your account at {host} must be reconnected. Nothing is seen through it"
    " until then.",
    Cause.NEEDS_SCOPE: "Your account at {host} must grant access again. Nothing is seen through"
    " it until then.",
    Cause.DISABLED_AT_HOST: "Your account was disabled by {host}; ask its administrators."
    " Reconnect once it works there.",
    Cause.BEING_READ: "What your account at {host} may see is being read. It takes a moment.",
    Cause.SINGLE_SIGN_ON: "What {owner} has may wait until you approve a single sign-on at {host}.",
    Cause.NOT_READ_LATELY: "What your account at {host} may see could not be read lately.",
    Cause.LOST: "Your account at {host} is shown it no longer; somebody there can give you access"
    " again.",
    Cause.NOT_SHOWN: "Your account at {host} was shown no repository of this name; if it should"
    " be, look again.",
}

_START_AGAIN = "Sign-in could not be completed; start again."
_TELL = "The sign-in provider and this service do not agree; tell the operator."
_NOT_NOW = "The sign-in provider did not answer as it should; try again later."

SIGN_IN_REFUSALS: Mapping[str, str] = {
    **{refusal.value: _TELL for refusal in SignInRefusal},
    **{error.value: _TELL for error in CallbackError},
    SignInRefusal.EXPIRED.value: _START_AGAIN,
    SignInRefusal.NONCE.value: _START_AGAIN,
    CallbackError.ACCESS_DENIED.value: "Sign-in was not allowed by the sign-in provider.",
    CallbackError.SERVER_ERROR.value: _NOT_NOW,
    CallbackError.TEMPORARILY_UNAVAILABLE.value: _NOT_NOW,
    CallbackError.MALFORMED.value: _START_AGAIN,
    CallbackError.WRONG_STATE.value: _START_AGAIN,
    "state_unknown": "This sign-in was not begun in this browser or took too long; start again.",
    "code_not_exchanged": _NOT_NOW,
    "provider_unavailable": _NOT_NOW,
    "sign_in_not_configured": "No sign-in provider is configured here; tell the operator.",
    "user_disabled": "You are disabled here.",
}

FAILURES: Mapping[str, str] = {
    FailureKind.CREDENTIAL_REJECTED.value: ACCOUNT_REASONS[AccountReason.CREDENTIAL_REJECTED],
    FailureKind.ACCOUNT_DISABLED.value: ACCOUNT_REASONS[AccountReason.DISABLED_AT_HOST],
    FailureKind.INSUFFICIENT_SCOPE.value: ACCOUNT_REASONS[AccountReason.SCOPE_MISSING],
    FailureKind.RATE_LIMITED.value: "The code host asked us to wait; it is tried again later.",
    FailureKind.UNAVAILABLE.value: "The code host did not answer; it is tried again later.",
    FailureKind.UNREADABLE.value: "The code host answered something unexpected; it is tried again.",
    FailureKind.ENDPOINT_GONE.value: "The code host no longer offers what is needed; "
    "tell the operator.",
    FailureKind.FORBIDDEN.value: "The code host did not allow part of the listing.",
    FailureKind.HIDDEN.value: "The code host hides part of the listing.",
    FailureKind.FOREIGN_LINK.value: "The code host pointed to another server; not followed.",
    **{state.value: text for state, text in STATES.items()},
    **{reason.value: text for reason, text in ACCOUNT_REASONS.items()},
    Reason.USER_DISABLED.value: REASONS[Reason.USER_DISABLED],
    SealedValueError.code: _OURS,
    SealingKeyError.code: _OURS,
    "partial": "Not all of it could be confirmed; what was known stays, and it is tried again.",
    "cancelled": "The sync was cancelled; what was known stays, and the next one is planned.",
    "superseded": "Another sync took its place.",
    "worker_lost": "The worker ended before the sync did; it is tried again.",
    "linked_again": "The account was linked again in the middle; a new sync follows.",
    "refresh_running": "The token is being refreshed; it is tried again.",
    "client_refused": "The code host refuses permsync's own credentials; tell the operator.",
    "refresh_backing_off": "The token could not be refreshed yet; it is tried again.",
}

UNEXPLAINED = "It did not succeed; the operator's log says why."


def failure_text(code: str) -> str:
    """What a failed run, or a token that cannot be had, tells people."""
    return FAILURES.get(code, UNEXPLAINED)


def sign_in_text(reason: str) -> str:
    """What a refused sign-in tells people."""
    return SIGN_IN_REFUSALS.get(reason, _START_AGAIN)


def account_text(state: AccountState, reason: AccountReason | None) -> str:
    """How an account is: the reason where there is one, for it says what to do."""
    return STATES[state] if reason is None else ACCOUNT_REASONS[reason]


def left_out_text(left_out: Sequence[LeftOut]) -> str | None:
    """Whom the last listing did not show, those first whom the person can have shown."""
    waiting = [one for one in left_out if one.to_approve]
    if waiting:
        behind = "their single sign-on is" if len(waiting) > 1 else "its single sign-on is"
        return f"Left out until {behind} approved for this account: {_named(waiting)}."
    return f"Not shown by the code host at the last sync: {_named(left_out)}." if left_out else None


def _named(owners: Sequence[LeftOut]) -> str:
    return ", ".join(one.owner or f"id {one.owner_id}" for one in owners)


def attempt_text(state: AttemptState, outcome: Outcome | None) -> str:
    """What became of a refresh, or how it stands."""
    return LIVE_ATTEMPTS[state] if outcome is None else ATTEMPTS[outcome]


def revocation_text(outcome: Revocation | None) -> str:
    """What became of a revocation; ``None`` is still waiting."""
    return "The code host is still to be told." if outcome is None else REVOCATIONS[outcome]


WEBHOOK_REFUSALS: Mapping[Refusal, str] = {
    Refusal.FOREIGN_HOST: "This was sent by another kind of code host.",
    Refusal.SIGNATURE_MISSING: "There is no signature or token; set the secret at the code host.",
    Refusal.SIGNATURE_EMPTY: "The signature is empty; set the secret at the code host.",
    Refusal.SIGNATURE_WRONG: "The signature or token fits none of this host's secrets.",
    Refusal.TIMESTAMP_WRONG: "The signed time is too far from now.",
    Refusal.SECRET_UNSET: "This host has no secret here.",
}


def webhook_text(reason: str) -> str:
    """Why a webhook was not believed."""
    return WEBHOOK_REFUSALS[Refusal(reason)]
