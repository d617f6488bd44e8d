"""
Sealing and opening an account's tokens: what each value is bound to.

What is decided here: the binding of the two token columns (account, link, field, version),
so that a value copied to another row, link or version does not open. This module must
not know the database or a host.
"""

from datetime import datetime

from permsync.codehost import TokenGrant
from permsync.errors import SealedValueError
from permsync.model import Account, Sealed, TokenSet
from permsync.store.accounts import SealedTokens
from permsync.store.refreshes import Holding
from permsync.vault import Binding, Vault

ACCESS = "access"
REFRESH = "refresh"


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
    before: Account | None = None,
    old_refresh_token: str | None = None,
) -> SealedTokens:
    """
    Seal what a token endpoint granted, for one version.

    Lifetimes count from ``asked_at``, before the request was sent, so that a slow answer
    never makes a token look younger. An answer without a refresh token keeps the old one,
    and one without scopes keeps the old ones.
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
    )
