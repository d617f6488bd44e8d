"""
Keeps what the host says of a person: restricted people are shown nothing that is open.

What is decided here: the word of the last confirmed token counts, both ways, and is written
only where it differs. This module must not decide what a restricted person may see.
"""

from permsync.codehost import Identity
from permsync.flows.deps import Services
from permsync.model import Account
from permsync.store import accounts, changes
from permsync.store.changes import Change, ChangeKind


async def note_restricted(services: Services, account: Account, identity: Identity) -> None:
    """Write it down, as a change of the account, unless it is known or the link is another."""
    if identity.restricted == account.restricted:
        return
    async with services.database.begin() as connection:
        if await accounts.save_restricted(connection, account, restricted=identity.restricted):
            state = account.state.value
            change = Change(kind=ChangeKind.ACCOUNT, account_id=account.id, was=state, became=state)
            await changes.append(connection, [change])
