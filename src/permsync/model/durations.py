"""
How long everything takes: one frozen value, so that one factor can scale a whole world.

What is decided here: the default of every duration, and which of them are a machine's and
not the product's. This module must not know what a duration is used for; ``config.spans``
says it to people.
"""

from dataclasses import dataclass, fields, replace
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Durations:
    """
    Every duration of the product. All are settings; nothing waits a literal number.

    One factor scales all of them down for the demo and the tests (:meth:`scaled`). Every
    field is a duration.
    """

    refresh_margin: timedelta = timedelta(minutes=5)
    refresh_connect: timedelta = timedelta(seconds=5)
    refresh_deadline: timedelta = timedelta(seconds=20)
    refresh_lease: timedelta = timedelta(seconds=60)
    refresh_settle: timedelta = timedelta(seconds=30)
    refresh_skew: timedelta = timedelta(seconds=5)
    refresh_retry_first: timedelta = timedelta(minutes=1)
    refresh_retry_second: timedelta = timedelta(minutes=5)
    refresh_retry_third: timedelta = timedelta(minutes=15)
    refresh_backoff: timedelta = timedelta(seconds=30)
    refresh_backoff_most: timedelta = timedelta(minutes=15)
    refresh_told_most: timedelta = timedelta(hours=1)
    refresh_grace: timedelta = timedelta(minutes=10)
    candidate: timedelta = timedelta(days=14)
    keep_alive: timedelta = timedelta(days=14)
    circuit_retry: timedelta = timedelta(seconds=30)
    circuit_retry_most: timedelta = timedelta(minutes=15)
    refresh_wait: timedelta = timedelta(seconds=30)
    refresh_poll: timedelta = timedelta(milliseconds=100)
    sweep_every: timedelta = timedelta(seconds=10)
    lend_remaining_most: timedelta = timedelta(minutes=30)
    revoke_every: timedelta = timedelta(seconds=15)
    revoke_wait: timedelta = timedelta(seconds=3)
    revoke_backoff: timedelta = timedelta(seconds=30)
    revoke_backoff_most: timedelta = timedelta(hours=1)
    revoke_give_up: timedelta = timedelta(days=7)
    api_connect: timedelta = timedelta(seconds=5)
    api_deadline: timedelta = timedelta(seconds=30)
    api_idle: timedelta = timedelta(seconds=4)
    api_backoff: timedelta = timedelta(seconds=2)
    host_skew: timedelta = timedelta(seconds=5)
    app_look: timedelta = timedelta(minutes=1)
    limit_wait: timedelta = timedelta(seconds=10)
    settle: timedelta = timedelta(seconds=15)
    sync_every: timedelta = timedelta(hours=24)
    sync_every_asked: timedelta = timedelta(hours=1)
    sync_backoff: timedelta = timedelta(seconds=30)
    run_look: timedelta = timedelta(seconds=2)
    runs_kept: timedelta = timedelta(days=90)
    schedule_every: timedelta = timedelta(seconds=30)
    evidence_soft: timedelta = timedelta(hours=26)
    evidence_hard: timedelta = timedelta(hours=72)
    page_look: timedelta = timedelta(seconds=30)
    page_look_running: timedelta = timedelta(seconds=1)
    webhook_age: timedelta = timedelta(minutes=5)
    webhook_backoff: timedelta = timedelta(seconds=10)
    webhook_kept: timedelta = timedelta(days=7)
    link_attempt: timedelta = timedelta(minutes=10)
    session: timedelta = timedelta(days=14)
    job_heartbeat: timedelta = timedelta(seconds=10)
    job_stalled: timedelta = timedelta(seconds=30)
    job_poll: timedelta = timedelta(seconds=5)
    drain: timedelta = timedelta(seconds=30)
    key_command: timedelta = timedelta(seconds=10)
    database_silent: timedelta = timedelta(seconds=30)
    database_start: timedelta = timedelta(minutes=1)
    database_stop: timedelta = timedelta(minutes=1)
    database_poll: timedelta = timedelta(milliseconds=50)

    def scaled(self, factor: float) -> "Durations":
        """All durations multiplied by ``factor``, but for the time that machines need."""
        names = [one.name for one in fields(self) if one.name not in MACHINE_DURATIONS]
        return replace(self, **{name: getattr(self, name) * factor for name in names})


# A scaled-down world still has the same disks, networks and processors.
MACHINE_DURATIONS = frozenset(
    {"refresh_connect", "refresh_deadline", "refresh_lease", "refresh_skew", "drain"}
    | {"key_command", "revoke_wait", "webhook_age"}
    | {
        "api_connect",
        "api_deadline",
        "api_idle",
        "host_skew",
        "database_silent",
        "database_start",
        "database_stop",
        "database_poll",
    }
)
