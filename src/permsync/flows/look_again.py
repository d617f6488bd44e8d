"""
Has a host asked about what a notice named: nothing is opened on the word of a notice.

"Added", "made public" and all that we do not understand end here (EVIDENCE R9): the pair is
asked about, or the account or the repository listed, once the host has settled.
"""

from datetime import datetime

from permsync.flows.deps import Services
from permsync.flows.want_asks import list_account, list_again, list_holder, want_asks
from permsync.model import Source
from permsync.store import accounts, repositories
from permsync.store.engine import Connection
from permsync.store.pairs import Pair


async def look_again(
    services: Services,
    connection: Connection,
    *,
    host: str,
    external_id: str | None = None,
    repository: str | None = None,
    at: datetime,
) -> None:
    """
    Ask about this pair, or list this account, or this repository, after ``at`` has settled.

    The ids are the host's immutable ones; whoever is unknown here is left alone. Where only
    a repository is named, one account that holds it is listed too: its listing shows the
    repository's name, owner and openness, which its readers do not. Everything happens in
    the caller's transaction.
    """
    settled_at = at + services.settle_at(host)
    account = known = None
    if external_id is not None:
        account = await accounts.load_by_identity(
            connection, host=host, external_id=external_id, lock=True
        )
    if repository is not None:
        known = await repositories.load_named(connection, host=host, external_id=repository)
    if known is not None:
        await list_again(connection, [known.id], due_at=settled_at)
        if external_id is None:
            await list_holder(connection, known.id, due_at=settled_at)
    if account is None:
        return
    if known is None:
        await list_account(connection, account, due_at=settled_at)
        return
    asked = [Pair(account.id, known.id, Source.ACCOUNT_LISTING)]
    await want_asks(services, connection, asked, due_at=settled_at)
