"""
What a person's page shows of their accounts: standing, a waiting sync, and how much is seen.

A fixed number of statements, however many accounts or grants. This module must not know
how an account is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from permsync.errors import UnknownError
from permsync.flows.deps import Services
from permsync.flows.list_accounts import Standing, load_standings
from permsync.model import Account
from permsync.store import accounts, grants, queue
from permsync.store.engine import Connection


@dataclass(frozen=True, slots=True)
class ShownAccount:
    """
    An account with its standing.

    ``visible`` counts the repositories that its grants name; ``wanted`` says that a sync
    waits or runs.
    """

    standing: Standing
    visible: int
    wanted: bool


async def show_accounts(services: Services, user_id: int) -> list[ShownAccount]:
    """Every account of the user, unlinked ones too, by host and login."""
    async with services.database.begin() as connection:
        held = await accounts.load_of_user(connection, user_id)
        return await _shown(services, connection, held)


async def show_account(services: Services, account_id: int) -> ShownAccount:
    """One account; raises ``UnknownError``."""
    async with services.database.begin() as connection:
        account = await accounts.load(connection, account_id)
        if account is None:
            raise UnknownError(what="account", name=str(account_id))
        return (await _shown(services, connection, [account]))[0]


async def _shown(
    services: Services, connection: Connection, held: Sequence[Account]
) -> list[ShownAccount]:
    ids = [one.id for one in held]
    standings = await load_standings(services, connection, held)
    visible = await grants.count_visible(connection, ids)
    wanted = await queue.load_wanted_syncs(connection, ids)
    return [
        ShownAccount(
            standing=one,
            visible=visible.get(one.account.id, 0),
            wanted=one.account.id in wanted,
        )
        for one in standings
    ]
