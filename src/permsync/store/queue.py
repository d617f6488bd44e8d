"""
Asking for jobs, inside the transaction that makes them necessary.

What is decided here: at most one job per kind and account waits or runs, under a name that
says its host (:func:`name_of`), so that a worker can choose among hosts. A wish that comes
while it runs is a mark on that job's row (``headers``), and becomes the next job in the
transaction that ends this one (``store.queue_claims``), so no wish falls between the two.
What a notice or another run wants is marked as owed, with the time that the look must not
begin before: a press may overtake it and may be taken back, and neither loses it.
These and PgQueuer's own are the only statements about jobs. This module must not know what
a job does.
"""

from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import Trigger
from permsync.rules.schedule import PRIORITY


class Kind(StrEnum):
    """The jobs that are about one account or one repository."""

    SYNC_ACCOUNT = "sync_account"
    REFRESH_ACCOUNT = "refresh_account"
    ASK_ACCOUNT = "ask_account"
    SYNC_REPOSITORY = "sync_repository"

    @property
    def subject(self) -> str:
        """What the number in the job's payload is."""
        return "repository_id" if self is Kind.SYNC_REPOSITORY else "account_id"


def name_of(kind: str, *, host: str) -> str:
    """The name under which the queue knows a kind of job at one host (see ``split_name``)."""
    return f"{kind}@{host}"


def split_name(name: str) -> tuple[str, str]:
    """A kind and its host; without a host: a round, or a subject that is gone."""
    kind, _, host = name.partition("@")
    return kind, host


class Placed(StrEnum):
    """Where a wish for a job ended up; it is fulfilled in either case."""

    QUEUED = "queued"
    AGAIN = "again"


# Whoever pressed or linked may take that back; what anything else asks for is owed.
PRESSED = frozenset({Trigger.PERSON, Trigger.LINKED})

_OWED = """jsonb_build_object(
        'owed', CAST(:priority AS int), 'owed_at', now() + CAST(:delay AS interval)
    )"""
# A look that begins before the last of those times does not answer it.
_MARKED = """nullif(coalesce(job.headers, '{}')
            || CASE WHEN job.status = 'picked' THEN jsonb_build_object(
                'again', greatest(CAST(job.headers->>'again' AS int), excluded.priority),
                'again_at', least(
                    CAST(job.headers->>'again_at' AS timestamptz), excluded.execute_after
                )
            ) ELSE '{}' END
            || CASE WHEN excluded.headers IS NOT NULL THEN jsonb_build_object(
                'owed', greatest(CAST(job.headers->>'owed' AS int), excluded.priority),
                'owed_at', greatest(
                    CAST(job.headers->>'owed_at' AS timestamptz), excluded.execute_after
                )
            ) ELSE '{}' END, '{}')"""

# ON CONFLICT restates the predicate of the unique index, or PostgreSQL does not find it. A
# queued job only moves forward, a running one is marked; either way its row is locked until
# the caller commits, so the end of the job waits for the mark.
_ENQUEUE = text(f"""
    INSERT INTO pgqueuer AS job
        (priority, entrypoint, payload, execute_after, dedupe_key, status, headers)
    SELECT
        :priority,
        CAST(:kind AS text) || coalesce('@' || CASE CAST(:subject AS text)
            WHEN 'account_id' THEN (SELECT host FROM account WHERE account.id = wanted.id)
            WHEN 'repository_id' THEN
                (SELECT host FROM repository WHERE repository.id = wanted.id)
        END, ''),
        convert_to(json_build_object(CAST(:subject AS text), wanted.id)::text, 'UTF8'),
        now() + CAST(:delay AS interval), CAST(:kind AS text) || ':' || wanted.id, 'queued',
        CASE WHEN :owed THEN {_OWED} END
    FROM unnest(CAST(:ids AS bigint[])) AS wanted (id)
    ORDER BY wanted.id
    ON CONFLICT (dedupe_key)
        WHERE status = ANY (ARRAY['queued'::pgqueuer_status, 'picked'::pgqueuer_status])
        AND dedupe_key IS NOT NULL
    DO UPDATE SET
        priority = CASE WHEN job.status = 'queued'
            THEN greatest(job.priority, excluded.priority) ELSE job.priority END,
        execute_after = CASE WHEN job.status = 'queued' AND excluded.priority >= job.priority
            THEN least(job.execute_after, excluded.execute_after) ELSE job.execute_after END,
        headers = {_MARKED}
    RETURNING status
""")  # noqa: S608 - the words of constants


async def enqueue_sync(
    connection: AsyncConnection,
    *,
    account_id: int,
    trigger: Trigger,
    delay_in: timedelta | None = None,
) -> Placed:
    """Ask for a sync of the account, see :func:`enqueue`."""
    kind = Kind.SYNC_ACCOUNT
    return await enqueue(connection, kind, account_id, trigger=trigger, delay_in=delay_in)


async def enqueue(
    connection: AsyncConnection,
    kind: Kind,
    subject_id: int,
    *,
    trigger: Trigger = Trigger.CONFIRM,
    delay_in: timedelta | None = None,
) -> Placed:
    """
    Ask for a job within the caller's transaction; the job exists when that commits.

    A queued job of this kind and subject takes the stronger of both triggers and, if the
    new one is at least as strong, the earlier of both times; where nobody pressed, and it
    begins before ``delay_in`` is over, the work is done once more then. A running one is
    not disturbed: the work is done once more after it.
    """
    (placed,) = await enqueue_all(
        connection, kind, [subject_id], trigger=trigger, delay_in=delay_in
    )
    return placed


async def enqueue_all(
    connection: AsyncConnection,
    kind: Kind,
    subject_ids: Collection[int],
    *,
    trigger: Trigger,
    delay_in: timedelta | None = None,
) -> list[Placed]:
    """Ask for a job about each of these, as :func:`enqueue` does for one."""
    placed = await connection.execute(
        _ENQUEUE,
        {
            "priority": PRIORITY[trigger],
            "kind": kind.value,
            "subject": kind.subject,
            "ids": sorted(subject_ids),
            "delay": delay_in or timedelta(),
            "owed": trigger not in PRESSED,
        },
    )
    return [Placed.QUEUED if one == "queued" else Placed.AGAIN for one in placed.scalars()]


_ENQUEUE_REFRESH = text("""
    INSERT INTO pgqueuer (priority, entrypoint, payload, dedupe_key, status)
    VALUES (
        :priority,
        CAST(:kind AS text) || coalesce('@' || (
            SELECT host FROM account WHERE account.id = CAST(:account_id AS bigint)
        ), ''),
        convert_to(json_build_object('account_id', CAST(:account_id AS bigint))::text, 'UTF8'),
        CAST(:kind AS text) || ':' || CAST(:account_id AS bigint), 'queued'
    )
    ON CONFLICT (dedupe_key)
        WHERE status = ANY (ARRAY['queued'::pgqueuer_status, 'picked'::pgqueuer_status])
        AND dedupe_key IS NOT NULL
    DO NOTHING
""")


async def enqueue_refresh(connection: AsyncConnection, *, account_id: int) -> None:
    """
    Ask for a refresh of the account's token, unless one waits or runs already.

    It is short and spares the next caller a wait, so it goes with what people ask for.
    """
    await connection.execute(
        _ENQUEUE_REFRESH,
        {
            "priority": PRIORITY[Trigger.PERSON],
            "kind": Kind.REFRESH_ACCOUNT.value,
            "account_id": account_id,
        },
    )


_ENQUEUE_ROUNDS = text("""
    INSERT INTO pgqueuer (priority, entrypoint, dedupe_key, status)
    SELECT 0, kind, kind, 'queued' FROM unnest(CAST(:kinds AS text[])) AS kind
    ON CONFLICT (dedupe_key)
        WHERE status = ANY (ARRAY['queued'::pgqueuer_status, 'picked'::pgqueuer_status])
        AND dedupe_key IS NOT NULL
    DO NOTHING
""")


async def enqueue_rounds(connection: AsyncConnection, kinds: Collection[str]) -> None:
    """Start the periodic work of all workers where it does not exist yet."""
    await connection.execute(_ENQUEUE_ROUNDS, {"kinds": list(kinds)})


# As `_ENQUEUE`, for what has no subject: it is there once, or it is marked while it runs.
_ENQUEUE_ROUND = text(f"""
    INSERT INTO pgqueuer AS job
        (priority, entrypoint, execute_after, dedupe_key, status, headers)
    VALUES (
        :priority, CAST(:kind AS text), now() + CAST(:delay AS interval), CAST(:kind AS text),
        'queued', {_OWED}
    )
    ON CONFLICT (dedupe_key)
        WHERE status = ANY (ARRAY['queued'::pgqueuer_status, 'picked'::pgqueuer_status])
        AND dedupe_key IS NOT NULL
    DO UPDATE SET
        execute_after = CASE WHEN job.status = 'queued'
            THEN least(job.execute_after, excluded.execute_after) ELSE job.execute_after END,
        headers = {_MARKED}
""")  # noqa: S608 - the words of constants


async def enqueue_round(
    connection: AsyncConnection, kind: str, *, delay_in: timedelta | None = None
) -> None:
    """
    Have this periodic work done now or after ``delay_in``, once more if it is under way.

    Where it comes before ``delay_in`` is over, it comes once more then.
    """
    about = {"kind": kind, "priority": PRIORITY[Trigger.CONFIRM], "delay": delay_in or timedelta()}
    await connection.execute(_ENQUEUE_ROUND, about)


_REPEAT_ROUND = text("""
    UPDATE pgqueuer AS job SET headers = coalesce(job.headers, '{}') || jsonb_build_object(
        'again', job.priority,
        'again_at', least(
            CAST(job.headers->>'again_at' AS timestamptz), now() + CAST(:delay AS interval)
        )
    ) WHERE dedupe_key = :kind AND status = 'picked'
""")


async def repeat_round(connection: AsyncConnection, kind: str, *, delay_in: timedelta) -> None:
    """Have this periodic work done once more after ``delay_in``, if it is under way."""
    await connection.execute(_REPEAT_ROUND, {"kind": kind, "delay": delay_in})


_WANTED = text("""
    SELECT split_part(dedupe_key, ':', 2)::bigint FROM pgqueuer
    WHERE status IN ('queued', 'picked') AND execute_after <= now() + CAST(:soon AS interval)
        AND dedupe_key = ANY (
            SELECT CAST(:kind AS text) || ':' || id FROM unnest(CAST(:ids AS bigint[])) AS id
        )
""")
SOON = timedelta(seconds=2)  # what waits longer than a look at the page is not "running now"


async def load_wanted_syncs(
    connection: AsyncConnection, account_ids: Collection[int]
) -> frozenset[int]:
    """Which of these accounts have a sync that waits or runs now."""
    about = {"kind": Kind.SYNC_ACCOUNT.value, "ids": list(account_ids), "soon": SOON}
    return frozenset((await connection.execute(_WANTED, about)).scalars())
