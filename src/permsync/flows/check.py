"""
Answers "may this person see this repository?" from what is stored, with its reason.

It reads the facts and lets ``rules.access`` decide; nothing else decides access. Asking
is noted (off the answer's path, at most once an hour per person), because people somebody
asks about are synced more often. This module must not know HTTP.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from permsync.flows.deps import Services
from permsync.model import Decision, Repository, Source, User, Visibility
from permsync.rules.access import Facts, decide
from permsync.rules.connections import connection_for
from permsync.rules.evidence import Evidence
from permsync.rules.openness import InternalTo, Openness
from permsync.store import access_facts, changes, engine, repositories, run_history, users
from permsync.store.access_facts import PairFacts
from permsync.store.engine import Connection


@dataclass(frozen=True, slots=True)
class AccountName:
    """A subject named by an account at a host."""

    host: str
    external_id: str


@dataclass(frozen=True, slots=True)
class IdentityName:
    """A subject named by a sign-in identity."""

    issuer: str
    subject: str


@dataclass(frozen=True, slots=True)
class RepositoryName:
    """A repository named by its id at the host, or by the full name it has now."""

    host: str
    external_id: str | None = None
    full_name: str | None = None


Subject = int | AccountName | IdentityName
RepositoryRef = int | RepositoryName


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision, and what it was taken on: the log's revision and the database's time."""

    decision: Decision
    revision: int
    at: datetime
    user: User | None = None
    repository: Repository | None = None


async def check(services: Services, subject: Subject, repository: RepositoryRef) -> Answer:
    """Decide for this pair; whoever or whatever is unknown is denied, never an error."""
    async with services.database.begin() as connection:
        revision = await changes.current_revision(connection)
        user = await load_subject(connection, subject)
        known = await load_repository(connection, repository)
        host = _host_of(repository, known)
        facts = PairFacts((), ())
        if user is not None and host is not None:
            facts = await access_facts.load_pair(
                connection,
                user_id=user.id,
                host=host,
                repository_id=known.id if known is not None else None,
            )
        members = None
        if user is not None and known is not None and known.visibility is Visibility.INTERNAL:
            members = await load_members(services, connection, user.id, host=known.host)
        now = await engine.database_now(connection)
    decision = decide(
        facts_for(
            services, host=host, user=user, repository=known, pair=facts, members=members or {}
        ),
        now=now,
        limits=services.limits,
    )
    services.metrics.decisions.labels(decision.verdict.value, decision.reason.value).inc()
    return Answer(decision, revision, now, user, known)


def facts_for(
    services: Services,
    *,
    host: str | None,
    user: User | None,
    repository: Repository | None,
    pair: PairFacts,
    members: Mapping[int, Evidence],
) -> Facts:
    """
    The facts of one decision; a repository id that we never gave out has no host.

    ``members`` is what :func:`load_members` found for an internal repository.
    """
    configured = services.hosts.get(host) if host is not None else None
    accounts = pair.accounts
    if members:
        accounts = tuple(replace(one, member=members.get(one.id)) for one in accounts)
    return Facts(
        host_known=host is None or configured is not None,
        openness=Openness() if configured is None else configured.openness,
        user=user,
        repository=repository,
        rules=pair.rules,
        accounts=accounts,
        uncounted=_uncounted(services, repository),
    )


def _uncounted(services: Services, repository: Repository | None) -> frozenset[Source]:
    """What a connection lists counts only where the operator lets it."""
    if repository is None or all(one.enforced for one in services.connections):
        return frozenset()
    chosen = connection_for(repository, services.connections)
    off = chosen is not None and not chosen.enforced
    return frozenset({Source.REPO_LISTING}) if off else frozenset()


async def load_members(
    services: Services, connection: Connection, user_id: int, *, host: str
) -> dict[int, Evidence]:
    """What shows that accounts are of the host's enterprise, by account; else nothing."""
    configured = services.hosts.get(host)
    if configured is None:
        return {}
    # Also where the operator closed it: the reason of a denial tells who closed.
    if configured.openness.as_at_host.internal is not InternalTo.ENTERPRISE:
        return {}
    return await access_facts.load_members(
        connection, user_id=user_id, host=host, owner_ids=sorted(configured.enterprise)
    )


async def load_subject(connection: Connection, subject: Subject) -> User | None:
    """The user that a caller means; an unlinked account names nobody."""
    match subject:
        case int():
            return await users.load(connection, subject)
        case IdentityName():
            return await users.load_by_identity(
                connection, issuer=subject.issuer, subject=subject.subject
            )
        case _:
            return await users.load_by_account(
                connection, host=subject.host, external_id=subject.external_id
            )


async def load_repository(connection: Connection, ref: RepositoryRef) -> Repository | None:
    """The repository that a caller means."""
    if isinstance(ref, int):
        return await repositories.load(connection, ref)
    return await repositories.load_named(
        connection, host=ref.host, external_id=ref.external_id, full_name=ref.full_name
    )


def _host_of(ref: RepositoryRef, known: Repository | None) -> str | None:
    if known is not None:
        return known.host
    return ref.host if isinstance(ref, RepositoryName) else None


async def note_asked(services: Services, user_id: int) -> None:
    """Remember that somebody asks about this user, whose accounts are listed more often then."""
    every = services.durations.sync_every_asked
    seconds = every.total_seconds()
    async with services.database.begin() as connection:
        if await users.note_asked(connection, user_id, at_most_every=seconds):
            await run_history.hasten(connection, user_id, every=every)
