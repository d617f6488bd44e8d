"""
The inbox of webhooks: stored before the host is answered, and carried out once.

What is decided here: a delivery is known by its host, its id and its body together, so that
no id taken from an unsigned header can hide another body. It is a duplicate only of one that
was carried out; where the host names no id, not even then. Waiting ones that say the same are
carried out as one. This module must not know what a notice leads to.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.codehost.hooks import Reading
from permsync.codehost.notices import Closing, Notice, is_silent, parse_notice, words_of


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a delivery in the inbox: it ``waits``, or is over, ``again`` or new."""

    waits: bool
    again: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery to carry out; ``tries`` counts this one too."""

    id: int
    host: str
    event: str
    notice: Notice
    tries: int


# A closing notice is always taken: access that has ended must not wait for room.
_SAVE = text("""
INSERT INTO webhook_delivery AS one (host, digest, event, notice, closes, processed_at, failed_at)
SELECT :host, :digest, :event, CAST(:notice AS jsonb), :closes,
    CASE WHEN :is_silent THEN clock_timestamp() END,
    CASE WHEN NOT :is_silent AND NOT :closes AND :most <= (
        SELECT count(*) FROM (
            SELECT FROM webhook_delivery WHERE host = :host AND waits LIMIT :most
        ) AS waiting
    ) THEN clock_timestamp() END
ON CONFLICT (host, digest) DO UPDATE SET
    seen = one.seen + 1,
    tries = 0,
    try_at = excluded.try_at,
    failed_at = excluded.failed_at,
    received_at = CASE WHEN :is_anonymous AND one.processed_at IS NOT NULL
        THEN excluded.received_at ELSE one.received_at END,
    processed_at = CASE WHEN NOT :is_anonymous THEN one.processed_at
        ELSE excluded.processed_at END
RETURNING waits, seen > 1 AS again
""")
_CLAIM = text("""
UPDATE webhook_delivery AS one SET
    tries = one.tries + 1,
    try_at = clock_timestamp() + CAST(:backoff AS interval) * power(2, least(one.tries, 10))
FROM (
    SELECT id FROM webhook_delivery WHERE waits AND try_at <= clock_timestamp()
    ORDER BY closes DESC, id LIMIT :most FOR UPDATE SKIP LOCKED
) AS due
WHERE one.id = due.id
RETURNING one.id, one.host, one.event, one.notice::text, one.tries, one.closes
""")
# Locked by one statement and written by another: within one, a row that was written is passed
# over by the lock, and which comes first is the planner's affair.
_LOCK_ALIKE = text("""
SELECT other.id FROM webhook_delivery AS one JOIN webhook_delivery AS other
    ON other.host = one.host AND other.notice = one.notice
WHERE one.id = :id AND one.waits AND other.waits
ORDER BY other.id FOR UPDATE OF other SKIP LOCKED
""")
_TAKE = text("""
WITH taken AS (
    UPDATE webhook_delivery SET processed_at = clock_timestamp()
    WHERE id = ANY (CAST(:ids AS bigint[]))
    RETURNING received_at
)
SELECT max(received_at) FROM taken
""")
_GIVE_UP = text("""
UPDATE webhook_delivery SET failed_at = clock_timestamp() WHERE id = :id AND waits
""")
_BACKLOG = text("SELECT host, count(*) AS waiting FROM webhook_delivery WHERE waits GROUP BY 1")
_FORGET = text("""
DELETE FROM webhook_delivery WHERE NOT waits AND (
    received_at < clock_timestamp() - CAST(:kept AS interval)
    OR id <= (SELECT id FROM webhook_delivery ORDER BY id DESC OFFSET :most LIMIT 1)
)
""")


async def save(
    connection: AsyncConnection, *, host: str, reading: Reading, body: bytes, backlog_most: int
) -> Stored:
    """
    Put a proved delivery into the inbox, dated by the database.

    One that was carried out already stays as it is; one that failed waits again. Where
    ``backlog_most`` wait, one that closes nothing is put away as failed.
    """
    notice = reading.notice
    about = {
        "host": host,
        "digest": sha256(reading.delivery_id.encode() + b"\0" + sha256(body).digest()).digest(),
        "event": reading.event,
        "notice": json.dumps(words_of(notice), sort_keys=True),
        "closes": isinstance(notice, Closing),
        "is_silent": is_silent(notice),
        "is_anonymous": not reading.delivery_id,
        "most": backlog_most,
    }
    row = (await connection.execute(_SAVE, about)).one()
    return Stored(waits=row.waits, again=row.again)


async def claim(connection: AsyncConnection, *, backoff_in: timedelta, most: int) -> list[Waiting]:
    """
    The deliveries to carry out now, those that close first; each is tried again later.

    Whoever carries one out takes it (:func:`take`) in the transaction of its effects.
    """
    rows = await connection.execute(_CLAIM, {"backoff": backoff_in, "most": most})
    found = sorted(rows, key=lambda row: (not row.closes, row.id))
    return [
        Waiting(row.id, row.host, row.event, parse_notice(json.loads(row.notice)), row.tries)
        for row in found
    ]


async def take(connection: AsyncConnection, delivery_id: int) -> datetime | None:
    """
    Mark a delivery as carried out, with all that wait and say the same.

    Returns when the last of them reached the inbox; ``None`` where somebody else has it.
    """
    alike = (await connection.execute(_LOCK_ALIKE, {"id": delivery_id})).scalars().all()
    if delivery_id not in alike:
        return None
    received_at: datetime = (await connection.execute(_TAKE, {"ids": list(alike)})).scalar_one()
    return received_at


async def give_up(connection: AsyncConnection, delivery_id: int) -> None:
    """Leave a delivery alone until the host sends it again."""
    await connection.execute(_GIVE_UP, {"id": delivery_id})


async def load_backlog(connection: AsyncConnection) -> Mapping[str, int]:
    """How many wait, by host; a host without any is not named."""
    return {row.host: row.waiting for row in await connection.execute(_BACKLOG)}


async def forget(connection: AsyncConnection, *, kept_in: timedelta, most: int) -> int:
    """Delete what is over and older than ``kept_in``, or beyond the ``most`` newest."""
    forgotten = await connection.execute(_FORGET, {"kept": kept_in, "most": most})
    return forgotten.rowcount
