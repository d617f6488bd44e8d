"""
Sealing and opening tokens, and what brought them: what each value is bound to.

What is decided here: the binding of an account's two token columns, of a candidate and of a
raw answer (row, link, field, version), so that a value copied to another row, link or
version does not open. This module must not know the database or a host.
"""

import base64
import json
from datetime import datetime, timedelta

from permsync.codehost import Response, TokenGrant
from permsync.errors import SealedValueError
from permsync.model import Account, Sealed, TokenSet
from permsync.rules.refresh import AttemptFacts
from permsync.store.accounts import SealedTokens
from permsync.store.refreshes import Holding
from permsync.vault import Binding, Vault

ACCESS = "access"
REFRESH = "refresh"
CANDIDATE = "candidate"
ANSWER = "answer"
# What an answer of a token endpoint is read by; nothing else of it is kept.
_HEADERS = frozenset({"content-type", "date", "retry-after"})


def binding(*, account_id: int, link_id: str, field: str, version: int) -> Binding:
    """Where one token value belongs."""
    return Binding(subject="account", id=account_id, link_id=link_id, field=field, version=version)


def open_access(vault: Vault, holding: Holding) -> str:
    """The access token of the version that was read; raises ``SealedValueError``."""
    return _open(vault, holding.account, holding.access, ACCESS)


def open_refresh(vault: Vault, holding: Holding) -> str:
    """The refresh token of the version that was read; raises ``SealedValueError``."""
    return _open(vault, holding.account, holding.refresh, REFRESH)


def open_both(vault: Vault, holding: Holding) -> TokenSet:
    """Both tokens, for revoking them."""
    refresh = open_refresh(vault, holding) if holding.refresh is not None else None
    return TokenSet(open_access(vault, holding), refresh)


def _open(vault: Vault, account: Account, sealed: Sealed | None, field: str) -> str:
    if sealed is None:
        raise SealedValueError(f"account {account.id} holds no {field} token")
    place = binding(
        account_id=account.id, link_id=account.link_id, field=field, version=account.token_version
    )
    return vault.open(sealed, binding=place)


def seal(
    vault: Vault,
    granted: TokenGrant,
    *,
    account_id: int,
    link_id: str,
    version: int,
    asked_at: datetime,
    due_in: timedelta | None = None,
    before: Account | None = None,
    old_refresh_token: str | None = None,
) -> SealedTokens:
    """
    Seal what a token endpoint granted, for one version.

    Lifetimes count from ``asked_at``, before the request was sent, so that a slow answer
    never makes a token look younger. ``due_in`` is when the link is refreshed if nobody uses
    it. An answer without a refresh token keeps the old one, and one without scopes keeps
    the old ones.
    """

    def sealed(text: str, field: str) -> Sealed:
        place = binding(account_id=account_id, link_id=link_id, field=field, version=version)
        return vault.seal(text, binding=place)

    refresh_token = granted.refresh_token or old_refresh_token
    kept_until = before.refresh_expires_at if before and granted.refresh_token is None else None
    return SealedTokens(
        access=sealed(granted.access_token, ACCESS),
        refresh=sealed(refresh_token, REFRESH) if refresh_token else None,
        scopes=granted.scopes if granted.scopes is not None or before is None else before.scopes,
        issued_at=asked_at,
        access_expires_at=asked_at + granted.expires_in if granted.expires_in else None,
        refresh_expires_at=(
            asked_at + granted.refresh_expires_in if granted.refresh_expires_in else kept_until
        ),
        refresh_due_at=asked_at + due_in if due_in is not None and refresh_token else None,
    )


def seal_candidate(vault: Vault, token: str, *, attempt: AttemptFacts) -> Sealed:
    """Seal another refresh token of the link, to the attempt that brought or spent it."""
    place = _candidate_at(attempt.id, link_id=attempt.link_id, version=attempt.version)
    return vault.seal(token, binding=place)


def open_candidate(
    vault: Vault, sealed: Sealed, *, attempt_id: int, link_id: str, version: int
) -> str:
    """The candidate that came from this attempt; raises ``SealedValueError``."""
    return vault.open(sealed, binding=_candidate_at(attempt_id, link_id=link_id, version=version))


def _candidate_at(attempt_id: int, *, link_id: str, version: int) -> Binding:
    return Binding("refresh_candidate", attempt_id, link_id, CANDIDATE, version)


def seal_answer(vault: Vault, response: Response, *, attempt: AttemptFacts) -> Sealed:
    """Seal a raw answer to its attempt, as it came."""
    headers = {name: text for name, text in response.headers.items() if name in _HEADERS}
    body = base64.b64encode(response.body).decode("ascii")
    text = json.dumps({"status": response.status, "headers": headers, "body": body})
    return vault.seal(text, binding=_answer_of(attempt))


def open_answer(vault: Vault, sealed: Sealed, *, attempt: AttemptFacts) -> Response:
    """The raw answer of this attempt; raises ``SealedValueError``."""
    kept = json.loads(vault.open(sealed, binding=_answer_of(attempt)))
    return Response(kept["status"], kept["headers"], base64.b64decode(kept["body"]))


def _answer_of(attempt: AttemptFacts) -> Binding:
    return Binding("refresh_attempt", attempt.id, attempt.link_id, ANSWER, attempt.version)
