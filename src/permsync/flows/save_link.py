"""
The commit of a link: account, tokens, audit, change and first sync, or none of them.

What is decided here: a host identity is one account for ever; it belongs to the person who
linked it until that person unlinks it. This module must not talk to a host.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from permsync.codehost import Identity, TokenGrant
from permsync.flows.deps import Services
from permsync.flows.end_access import state_change
from permsync.flows.plan_refresh import due_in
from permsync.flows.queue_revocation import queue_revocation, queue_revocation_of
from permsync.flows.seal_tokens import seal
from permsync.model import Account, AccountState, TokenSet, Trigger
from permsync.store import (
    accounts,
    audit,
    changes,
    queue,
    readers,
    refresh_attempts,
    refreshes,
    runs,
    sync_wishes,
)
from permsync.store.audit import Action
from permsync.store.changes import Change, ChangeKind
from permsync.store.engine import Connection


@dataclass(frozen=True, slots=True)
class NewLink:
    """
    A confirmed link that is not stored yet.

    ``replaces`` is set where nobody asked for a link: it may only take the place of that one.
    """

    host: str
    user_id: int
    identity: Identity
    granted: TokenGrant = field(repr=False)
    scopes: frozenset[str] | None
    redirect_uri: str
    asked_at: datetime
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class LinkedToSomeoneElse:
    """Another person linked this host identity and still holds it."""


@dataclass(frozen=True, slots=True)
class MovedOn:
    """The link that was to be replaced is over already: linked again, or disconnected."""


async def save_link(services: Services, link: NewLink) -> Account | LinkedToSomeoneElse | MovedOn:
    """Store the link; two at once for one identity queue behind each other."""
    async with services.database.begin() as connection:
        await accounts.lock_identity(
            connection, host=link.host, external_id=link.identity.external_id
        )
        # Whoever decides whose rows wait at this host queues behind this commit.
        await readers.lock(connection, link.host)
        known = await accounts.load_by_identity(
            connection, host=link.host, external_id=link.identity.external_id, lock=True
        )
        if known is not None and _is_held_by_other(known, link):
            await _hand_back(services, connection, link, known)
            return LinkedToSomeoneElse()
        if link.replaces is not None and (known is None or known.link_id != link.replaces):
            return MovedOn()
        account_id = known.id if known is not None else await accounts.next_id(connection)
        link_id = accounts.new_link_id()
        await _write(services, connection, link, known, account_id=account_id, link_id=link_id)
        await queue.enqueue_sync(connection, account_id=account_id, trigger=Trigger.LINKED)
        actor = f"user:{link.user_id}"
        await sync_wishes.save(connection, account_id=account_id, actor=actor)
        await audit.record(connection, _entry(link, known, account_id))
        saved = await accounts.load(connection, account_id)
        assert saved is not None  # noqa: S101 - it was written a statement ago
        given = await readers.give_waiting(
            connection,
            host=link.host,
            external_id=link.identity.external_id,
            account_id=account_id,
        )
        await changes.append(connection, [_change(known, saved), *given])
    return saved


async def _hand_back(
    services: Services, connection: Connection, link: NewLink, known: Account
) -> None:
    """The tokens of a link that was not made; the other person's link must outlive them."""
    tokens = TokenSet(link.granted.access_token, link.granted.refresh_token)
    await queue_revocation(services, connection, tokens, host=link.host, account_id=known.id)


def _is_held_by_other(known: Account, link: NewLink) -> bool:
    return known.user_id != link.user_id and known.state is not AccountState.UNLINKED


async def _write(
    services: Services,
    connection: Connection,
    link: NewLink,
    known: Account | None,
    *,
    account_id: int,
    link_id: str,
) -> None:
    tokens = seal(
        services.vault,
        replace(link.granted, scopes=link.scopes),
        account_id=account_id,
        link_id=link_id,
        version=known.token_version + 1 if known is not None else 1,
        asked_at=link.asked_at,
        due_in=due_in(services, link.host, link.granted),
    )
    identity = link.identity
    if known is None:
        await accounts.save_new(
            connection,
            account_id=account_id,
            user_id=link.user_id,
            host=link.host,
            external_id=identity.external_id,
            login=identity.login,
            restricted=identity.restricted,
            redirect_uri=link.redirect_uri,
            link_id=link_id,
            tokens=tokens,
        )
        return
    holding = await refreshes.load(connection, account_id)
    assert holding is not None  # noqa: S101 - its row is locked
    await queue_revocation_of(services, connection, holding)
    await refresh_attempts.fence(connection, account_id)
    await runs.abandon(connection, account_id, failure="linked_again")
    await accounts.save_relink(
        connection,
        known,
        user_id=link.user_id,
        login=identity.login,
        restricted=identity.restricted,
        redirect_uri=link.redirect_uri,
        link_id=link_id,
        tokens=tokens,
    )


def _entry(link: NewLink, known: Account | None, account_id: int) -> audit.Entry:
    return audit.Entry(
        action=Action.ACCOUNT_LINKED if known is None else Action.ACCOUNT_RELINKED,
        actor=f"user:{link.user_id}",
        user_id=link.user_id,
        account_id=account_id,
        host=link.host,
        code=None if link.replaces is None else "sign_in",
    )


def _change(known: Account | None, saved: Account) -> Change:
    if known is not None:
        return state_change(known, saved.state)
    return Change(kind=ChangeKind.ACCOUNT, account_id=saved.id, became=saved.state.value)
