"""
Does what a notice makes necessary: the smallest work, and never an opening.

A notice may close or have the host asked. Nobody signs a header and a token can be sent
again, so what it says is believed only where that takes access away; everything else waits
for the host's own answer (EVIDENCE R9, R11, R12). This module must not know how a notice is
proved, or which host sent it.
"""

from datetime import datetime
from typing import assert_never

from permsync.codehost.notices import (
    Asking,
    AuthorizationRevoked,
    Closing,
    CoverageGrew,
    CoverageShrank,
    HookGone,
    MemberAdded,
    MemberRemoved,
    Notice,
    OwnerChanged,
    OwnerMemberRemoved,
    PersonChanged,
    ReadersChanged,
    RepositoryChanged,
    RepositoryGone,
    RepositoryMadePrivate,
    RepositoryMadePublic,
    RepositoryTransferred,
)
from permsync.flows.ask_readers import ask_readers
from permsync.flows.close_repository import close_repository
from permsync.flows.deps import Services
from permsync.flows.drop_repository import drop_repository
from permsync.flows.heed_coverage import heed_coverage
from permsync.flows.look_again import look_again
from permsync.flows.remove_member import remove_member
from permsync.flows.remove_pair import remove_pair
from permsync.flows.want_asks import list_owner
from permsync.store.engine import Connection
from permsync.telemetry import Event, logger

log = logger(__name__)


async def heed_notice(
    services: Services, connection: Connection, notice: Notice, *, host: str, at: datetime
) -> None:
    """Carry out a notice that reached us at ``at``, within the caller's transaction."""
    if isinstance(notice, Closing):
        await _close(services, connection, notice, host=host, at=at)
    elif isinstance(notice, Asking):
        await _ask(services, connection, notice, host=host, at=at)
    elif isinstance(notice, HookGone):
        log.warning(Event.WEBHOOK_GONE, host=host)


async def _close(
    services: Services, connection: Connection, notice: Closing, *, host: str, at: datetime
) -> None:
    match notice:
        case MemberRemoved(person, repository):
            await remove_pair(
                services, connection, host=host, external_id=person, repository=repository, at=at
            )
        case OwnerMemberRemoved(person, owner):
            await remove_member(
                services, connection, host=host, external_id=person, owner_id=owner, at=at
            )
        case RepositoryMadePrivate(repository):
            await close_repository(services, connection, host=host, repository=repository, at=at)
        case RepositoryGone(repository) | RepositoryTransferred(repository):
            gone = isinstance(notice, RepositoryGone)
            await drop_repository(
                services, connection, host=host, repository=repository, at=at, gone=gone
            )
        case _:
            assert_never(notice)


async def _ask(
    services: Services, connection: Connection, notice: Asking, *, host: str, at: datetime
) -> None:
    match notice:
        case MemberAdded(person, repository):
            await look_again(
                services, connection, host=host, external_id=person, repository=repository, at=at
            )
        case PersonChanged(person) | AuthorizationRevoked(person):
            await look_again(services, connection, host=host, external_id=person, at=at)
        case RepositoryMadePublic(repository) | RepositoryChanged(repository):
            await look_again(services, connection, host=host, repository=repository, at=at)
        case ReadersChanged(repository):
            await ask_readers(services, connection, host=host, repository=repository, at=at)
        case OwnerChanged(owner):
            settled_at = at + services.settle_at(host)
            await list_owner(connection, host=host, owner_id=owner, due_at=settled_at)
        case CoverageGrew() | CoverageShrank():
            await heed_coverage(services, connection, notice, host=host, at=at)
        case _:
            assert_never(notice)
