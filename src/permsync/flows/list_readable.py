"""
Lists the repositories a person may read: the same rule as a check, for every candidate.

It is complete or it fails; a page is never cut short. This module must not decide access.
"""

from dataclasses import dataclass
from datetime import datetime

from permsync.flows.check import facts_for, load_members
from permsync.flows.deps import Services
from permsync.model import Decision, Repository, User, Verdict
from permsync.rules.access import decide
from permsync.store import access_facts, changes, engine

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Readable:
    """One repository and why it may be read."""

    repository: Repository
    decision: Decision


@dataclass(frozen=True, slots=True)
class ReadablePage:
    """
    Repositories by ascending id.

    ``next_after`` continues the list, and is ``None`` at its end.
    """

    items: tuple[Readable, ...]
    revision: int
    at: datetime
    next_after: int | None


async def list_readable(
    services: Services, user: User, *, after: int = 0, limit: int = 100
) -> ReadablePage:
    """The next ``limit`` repositories this user may read after the one with id ``after``."""
    items: list[Readable] = []
    async with services.database.begin() as connection:
        revision = await changes.current_revision(connection)
        now = await engine.database_now(connection)
        members = {
            host: await load_members(services, connection, user.id, host=host)
            for host in services.hosts
        }
        while True:
            batch = await access_facts.load_candidates(
                connection, user_id=user.id, after=after, limit=BATCH
            )
            for repository, pair in batch:
                facts = facts_for(
                    services,
                    host=repository.host,
                    user=user,
                    repository=repository,
                    pair=pair,
                    members=members.get(repository.host, {}),
                )
                decision = decide(facts, now=now, limits=services.limits)
                after = repository.id
                if decision.verdict is Verdict.ALLOW:
                    items.append(Readable(repository, decision))
                if len(items) == limit:
                    return ReadablePage(tuple(items), revision, now, next_after=after)
            if len(batch) < BATCH:
                return ReadablePage(tuple(items), revision, now, next_after=None)
