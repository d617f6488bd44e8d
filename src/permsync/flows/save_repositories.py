"""
Brings the stored repositories to what a listing showed of them, whoever was asked.

What is decided here: it is planned again once the host's lock is held, so that two
listings that see the same change write it once. A repository that changed hands loses its
rows, and whoever held one is asked (EVIDENCE R11); a narrowed one is looked at again (R12).
Which repositories change is decided by ``rules.changes``; this module must not decide it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from permsync.codehost import ListedRepository
from permsync.flows.deps import Services
from permsync.flows.want_asks import list_again, want_asks
from permsync.model import Repository
from permsync.rules.changes import RepositoryPlan, plan_repositories
from permsync.store import fences, pairs, repositories
from permsync.store.changes import Change
from permsync.store.engine import Connection, database_now
from permsync.store.fences import Fence
from permsync.store.pairs import Scope


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen at a host from ``started_at`` on; ``account_id`` is whose token saw it."""

    host: str
    observed: Collection[ListedRepository]
    started_at: datetime
    run_id: int | None = None
    account_id: int | None = None


async def save_repositories(
    services: Services, connection: Connection, sight: Sight
) -> list[Change]:
    """Write the difference; returns its changes, which the caller appends last."""
    plan, _ = await _plan(services, connection, sight)
    if plan == RepositoryPlan():
        return []
    await repositories.lock_host(connection, sight.host)
    plan, stored = await _plan(services, connection, sight)
    now = await database_now(connection)
    changed = await repositories.save_plan(
        connection,
        plan,
        stored,
        host=sight.host,
        account_id=sight.account_id,
        started_at=sight.started_at,
        listed_to=now,
        run_id=sight.run_id,
    )
    for one in plan.moved:
        changed += await forget_readers(
            services, connection, stored[one.external_id], at=now, also_lock=sight.account_id
        )
    await list_again(connection, [stored[one.external_id].id for one in plan.narrow])
    return changed


async def renew_openness(services: Services, connection: Connection, sight: Sight) -> None:
    """R12: openness is dated again now and then, though nothing changed."""
    await repositories.save_open_seen(
        connection,
        host=sight.host,
        external_ids=repositories.open_ids(sight.observed),
        started_at=sight.started_at,
        older_than=sight.started_at - services.durations.evidence_hard / 4,
    )


async def load_observed(connection: Connection, sight: Sight) -> dict[str, Repository]:
    """What is stored of the repositories that were seen, by id at the host."""
    return await repositories.load_observed(
        connection,
        host=sight.host,
        external_ids=[one.external_id for one in sight.observed],
    )


async def _plan(
    services: Services, connection: Connection, sight: Sight
) -> tuple[RepositoryPlan, dict[str, Repository]]:
    stored = await load_observed(connection, sight)
    plan = plan_repositories(
        stored,
        sight.observed,
        started_at=sight.started_at,
        settle=services.settle_at(sight.host),
        hard=services.durations.evidence_hard,
    )
    return plan, stored


async def forget_readers(
    services: Services,
    connection: Connection,
    repository: Repository,
    *,
    at: datetime,
    also_lock: int | None = None,
) -> list[Change]:
    """R11: nothing begun before ``at`` brings a row back; all who held one are asked after it."""
    scope = Scope(host=repository.host, repository_id=repository.id)
    gone, changed = await pairs.remove(connection, scope, aged_to=at, also_lock=also_lock)
    fence = Fence(host=repository.host, at=at, repository_id=repository.id)
    await fences.add(connection, [fence])
    await want_asks(services, connection, gone, due_at=at)
    await list_again(connection, [repository.id], due_at=at)
    return changed
