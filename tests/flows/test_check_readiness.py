"""Ready means that the database answers and has the tables of this version."""

from dataclasses import replace

from permsync.flows.check_readiness import Readiness, check_readiness
from permsync.store.engine import Database
from tests.flows.scenes import rows
from tests.world import World


async def test_a_migrated_database_is_ready(world: World) -> None:
    assert await check_readiness(world.services) is Readiness.READY


async def test_another_version_of_the_tables_is_not(world: World) -> None:
    await rows(world.services.database, "UPDATE alembic_version SET version_num = '9999'")
    assert await check_readiness(world.services) is Readiness.SCHEMA_DIFFERS


async def test_a_database_that_is_away_is_an_answer_and_no_error(world: World) -> None:
    away = Database("postgresql+asyncpg://permsync@127.0.0.1:1/permsync")
    services = replace(world.services, database=away)
    assert await check_readiness(services) is Readiness.DATABASE_UNAVAILABLE
