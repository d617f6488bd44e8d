"""
Disables a person, or enables them again: deny at once, end sessions, stop refreshing.

What is decided here: a disabled person's wishes for asks and listings are dropped, so
whoever is enabled again is listed. This module must not decide who may do that.
"""

from permsync.errors import UnknownError
from permsync.flows.deps import Services
from permsync.model import LIVING, Trigger, User
from permsync.store import accounts, audit, changes, queue, sessions, users
from permsync.store.audit import Action
from permsync.store.changes import Change, ChangeKind
from permsync.store.engine import Connection


async def disable_user(services: Services, user_id: int, *, disabled: bool, actor: str) -> User:
    """Disable or enable this user; raises ``UnknownError``."""
    async with services.database.begin() as connection:
        user = await users.save_disabled(connection, user_id, disabled=disabled)
        if user is None:
            raise UnknownError(what="user", name=str(user_id))
        if disabled:
            await sessions.delete_of_user(connection, user_id)
        else:
            await _list_all(connection, user_id)
        action = Action.USER_DISABLED if disabled else Action.USER_ENABLED
        await audit.record(connection, audit.Entry(action, actor, user_id=user_id))
        became = "disabled" if disabled else "enabled"
        change = Change(kind=ChangeKind.USER, user_id=user_id, became=became)
        await changes.append(connection, [change])
    return user


async def _list_all(connection: Connection, user_id: int) -> None:
    for account in await accounts.load_of_user(connection, user_id):
        if account.state in LIVING:
            await queue.enqueue_sync(connection, account_id=account.id, trigger=Trigger.CONFIRM)
