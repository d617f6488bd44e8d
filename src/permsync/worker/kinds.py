"""
What runs in the background: a table from a kind of job to its flow.

What is decided here: which flow, how often a round comes, and who records a job that ended
without its flow's word. This module must not know the queue.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

from permsync.flows.ask_pairs import ask_pairs
from permsync.flows.deps import Services
from permsync.flows.discover_repositories import DISCOVER, discover_repositories
from permsync.flows.drain_revocations import drain_revocations
from permsync.flows.drain_webhooks import drain_webhooks
from permsync.flows.receive_webhook import DRAIN
from permsync.flows.refresh_ahead import refresh_ahead
from permsync.flows.refresh_due import refresh_due
from permsync.flows.schedule_syncs import schedule_syncs
from permsync.flows.sweep_attempts import sweep_attempts
from permsync.flows.sync_account import give_up_sync, sync_account
from permsync.flows.sync_repository import give_up_repository, sync_repository
from permsync.flows.tidy import tidy
from permsync.model import Durations, Trigger
from permsync.store.engine import Database
from permsync.store.queue import Kind


class Doors(Protocol):
    """What the worker itself needs of the services; the rest is for the flows."""

    @property
    def database(self) -> Database:
        """The pool for short transactions; a worker adds one connection of its own."""

    @property
    def durations(self) -> Durations:
        """Every duration of the product."""

    @property
    def hosts(self) -> Collection[str]:
        """The names of the configured hosts; jobs at others wait until they are back."""


S = TypeVar("S", bound=Doors)


@dataclass(frozen=True, slots=True)
class SubjectJob(Generic[S]):
    """
    Work about one account or one repository, named by its id.

    ``run`` ends normally whatever became of it, having recorded it. ``fail``
    records a code of ours where ``run`` could not: it raised, or took its worker with it
    more often than is allowed. Without ``fail`` the log is the only record.
    """

    run: Callable[[S, int, Trigger], Awaitable[object]]
    fail: Callable[[S, int, Trigger, str], Awaitable[object]] | None = None


@dataclass(frozen=True, slots=True)
class Round(Generic[S]):
    """Work that returns; all workers together have one of each kind, which any may do."""

    run: Callable[[S], Awaitable[object]]
    every: Callable[[Durations], timedelta]


JobKind = SubjectJob[S] | Round[S]


async def _refresh_account(services: Services, account_id: int, _trigger: Trigger) -> None:
    await refresh_ahead(services, account_id)


KINDS: Mapping[str, JobKind[Services]] = {
    Kind.SYNC_ACCOUNT: SubjectJob(run=sync_account, fail=give_up_sync),
    Kind.REFRESH_ACCOUNT: SubjectJob(run=_refresh_account),
    Kind.ASK_ACCOUNT: SubjectJob(run=ask_pairs),
    Kind.SYNC_REPOSITORY: SubjectJob(run=sync_repository, fail=give_up_repository),
    DISCOVER: Round(run=discover_repositories, every=lambda each: each.sync_every_asked),
    "schedule_syncs": Round(run=schedule_syncs, every=lambda each: each.schedule_every),
    "refresh_due": Round(run=refresh_due, every=lambda each: each.sweep_every),
    "sweep_attempts": Round(run=sweep_attempts, every=lambda each: each.sweep_every),
    "drain_revocations": Round(run=drain_revocations, every=lambda each: each.revoke_every),
    # Done at once when something arrives; the rounds are for what failed or was cut short.
    DRAIN: Round(run=drain_webhooks, every=lambda each: each.sweep_every),
    "tidy": Round(run=tidy, every=lambda each: each.sync_every_asked),
}
