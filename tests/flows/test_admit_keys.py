"""
A process starts with the right sealing keys or not at all, and a stop leaves no trace.

Keys are made up here; values are sealed by linking accounts.
"""

import pytest
from structlog.testing import capture_logs

from permsync.errors import SealingKeyError
from permsync.flows.admit_keys import admit_keys
from permsync.store import sealing_keys
from permsync.store.engine import Database
from permsync.vault import Vault
from tests.flows.scenes import column, everything_stored
from tests.world import World

PRESENT, NEW, WRONG = b"k" * 32, b"n" * 32, b"w" * 32  # PRESENT is the world's
PRESENT_ID, NEW_ID = Vault([PRESENT, NEW]).key_ids


async def retire(database: Database, key_id: str) -> None:
    """Retire a key past all questions."""
    async with database.begin() as connection:
        assert await sealing_keys.retire(connection, key_id)


async def used(database: Database) -> set[str]:
    """The keys that a process has sealed with."""
    known = await column(database, "SELECT key_id FROM sealing_key WHERE first_used_at IS NOT NULL")
    return set(known)


async def test_the_first_start_notes_its_primary_key_and_says_so_in_the_audit(
    pool: Database,
) -> None:
    for _ in range(2):
        await admit_keys(pool, Vault([NEW, PRESENT]))
    assert await used(pool) == {NEW_ID}
    assert set(await column(pool, "SELECT key_id FROM sealing_key")) == {NEW_ID, PRESENT_ID}
    assert await column(pool, "SELECT code FROM audit_event") == [NEW_ID]


async def test_a_missing_key_stops_the_start_and_changes_nothing(world: World) -> None:
    await world.link("ada", "github")
    before = await everything_stored(world.services.database)
    with pytest.raises(SealingKeyError, match=PRESENT_ID):
        await admit_keys(world.services.database, Vault([WRONG]))
    assert await everything_stored(world.services.database) == before


async def test_a_person_who_is_away_at_a_consent_page_stops_no_start(world: World) -> None:
    user = await world.user("ada")
    await world.consent("ada", "github", user=user)
    await admit_keys(world.services.database, Vault([NEW]))
    assert await used(world.services.database) == {PRESENT_ID, NEW_ID}


async def test_a_key_that_only_opens_is_enough_for_old_values(world: World) -> None:
    await world.link("ada", "github")
    await admit_keys(world.services.database, Vault([NEW, PRESENT]))
    assert await used(world.services.database) == {PRESENT_ID, NEW_ID}


async def test_a_retired_first_key_stops_the_start_and_says_since_when(pool: Database) -> None:
    await admit_keys(pool, Vault([PRESENT]))
    await retire(pool, PRESENT_ID)
    before = await everything_stored(pool)
    with pytest.raises(SealingKeyError, match=rf"{PRESENT_ID}, was retired at \d{{4}}-"):
        await admit_keys(pool, Vault([PRESENT, NEW]))
    assert await everything_stored(pool) == before


async def test_a_retired_key_that_is_still_configured_is_warned_about(pool: Database) -> None:
    await admit_keys(pool, Vault([NEW, PRESENT]))
    await retire(pool, PRESENT_ID)
    with capture_logs() as lines:
        await admit_keys(pool, Vault([NEW, PRESENT]))
    warned = [(one["event"], one["log_level"], one["key_id"]) for one in lines]
    assert warned == [("sealing_key_retired", "warning", PRESENT_ID)]


async def test_a_process_that_still_seals_with_a_retired_key_is_refused(world: World) -> None:
    await admit_keys(world.services.database, Vault([NEW, PRESENT]))
    await retire(world.services.database, PRESENT_ID)
    with pytest.raises(SealingKeyError, match="start it again"):
        await world.link("ada", "github")
    assert await column(world.services.database, "SELECT id FROM account") == []
