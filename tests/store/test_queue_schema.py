"""PgQueuer's tables are there under our names, and nothing outside us moves the names."""

import asyncio
import os
import subprocess
import sys

from pgqueuer.domain.settings import DBSettings

from permsync.store import queue_schema
from permsync.store.engine import Database
from tests.store.queue_rows import rows


async def test_what_is_installed_is_what_the_library_declares(pool: Database) -> None:
    assert await queue_schema.install(pool) == ()


async def test_an_older_schema_is_brought_up_to_date(pool: Database) -> None:
    await rows(pool, "ALTER TABLE pgqueuer DROP COLUMN slot")
    ran = await queue_schema.install(pool)
    assert any("ADD COLUMN slot" in statement for statement in ran)
    assert await queue_schema.install(pool) == ()


async def test_processes_that_start_at_once_install_once(pool: Database) -> None:
    await rows(pool, "DROP TABLE pgqueuer_schedules")
    ran = await asyncio.gather(*(queue_schema.install(pool) for _ in range(5)))
    assert sorted(map(len, ran)) == [0, 0, 0, 0, 1]


def test_every_name_is_pinned() -> None:
    assert queue_schema.NAMES.model_fields_set == set(DBSettings.model_fields)


def test_no_environment_variable_moves_a_name() -> None:
    program = "from permsync.store.queue_schema import NAMES; print(NAMES.model_dump_json())"
    moved = dict.fromkeys(("CHANNEL", "TRIGGER", "QUEUE_TABLE"), "elsewhere")
    moved |= {"PGQUEUER_PREFIX": "other_", "PGQUEUER_SCHEMA": "other", "DURABILITY": "volatile"}
    said = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **moved},
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout.strip() == queue_schema.NAMES.model_dump_json()
