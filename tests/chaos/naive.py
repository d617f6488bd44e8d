"""
A client that refreshes as one would at first: the faults of REFRESH 1, on purpose.

It takes no claim, sends at once, writes the whole row from what it read before the call,
and takes one refusal for the end. The harness must catch it; a verdict that cannot is worth
nothing. This module must not be used for anything else.
"""

from typing import Any

from sqlalchemy import text

from permsync.codehost import Response, TokenGrant
from permsync.flows.deps import Services
from permsync.flows.seal_tokens import open_refresh, seal
from permsync.store import refreshes


async def ask(services: Services, account_id: int) -> dict[str, Any]:
    """Refresh, believe whatever comes, and write it over whatever is there."""
    async with services.database.begin() as connection:
        holding = await refreshes.load(connection, account_id)
    assert holding is not None
    account = holding.account
    host = services.host(account.host).host
    token = open_refresh(services.vault, holding)
    answer = await services.transport.send(
        host.refresh_request(refresh_token=token, redirect_uri=holding.redirect_uri),
        connect_in=services.durations.refresh_connect,
        deadline_in=services.durations.refresh_deadline,
        fresh=True,
    )
    granted = host.parse_refresh(answer) if isinstance(answer, Response) else None
    if not isinstance(granted, TokenGrant):
        await _write(
            services,
            "UPDATE account SET state = 'needs_reauth', reason = 'revoked_or_expired'"
            " WHERE id = :id",
            id=account_id,
        )
        return {"error": "refused", "reason": "revoked_or_expired"}
    version = account.token_version + 1
    sealed = seal(
        services.vault,
        granted,
        account_id=account_id,
        link_id=account.link_id,
        version=version,
        asked_at=holding.now,
        old_refresh_token=token,
    )
    assert sealed.refresh is not None
    await _write(
        services,
        "UPDATE account SET state = 'active', reason = NULL, link_id = :link_id,"
        " token_version = :version, access_sealed = :access, refresh_sealed = :refresh,"
        " key_id = :key_id, access_expires_at = :expires_at, issued_at = :issued_at"
        " WHERE id = :id",
        id=account_id,
        link_id=account.link_id,
        version=version,
        access=sealed.access.ciphertext,
        refresh=sealed.refresh.ciphertext,
        key_id=sealed.access.key_id,
        expires_at=sealed.access_expires_at,
        issued_at=sealed.issued_at,
    )
    return {"token": "naive", "version": version}


async def _write(services: Services, statement: str, **values: object) -> None:
    async with services.database.begin() as connection:
        await connection.execute(text(statement), values)
