"""Alive asks nobody, ready asks the database, and figures are for those who may see them."""

from dataclasses import replace

from permsync.flows.authenticate_key import Scope
from permsync.store.engine import Database
from permsync.web.application import create_application, create_probe_application
from permsync.web.problems import MEDIA_TYPE
from tests.asgi_client import AsgiClient
from tests.flows.scenes import rows
from tests.web.visitors import CallWith
from tests.world import PUBLIC_URL, World

PROBES = ("/healthz", "/readyz", "/metrics")
NOBODY_LISTENS = "postgresql+asyncpg://permsync@127.0.0.1:1/permsync"


async def without_database(world: World) -> AsgiClient:
    services = replace(world.services, database=Database(NOBODY_LISTENS))
    return AsgiClient(create_application(services, public_url=PUBLIC_URL))


async def test_a_process_is_alive_whatever_the_database_does(world: World) -> None:
    answer = await (await without_database(world)).get("/healthz")
    assert (answer.status, answer.json) == (200, {"status": "alive"})


async def test_a_process_is_ready_when_the_database_answers(anybody: AsgiClient) -> None:
    answer = await anybody.get("/readyz")
    assert (answer.status, answer.json) == (200, {"status": "ready"})


async def test_a_process_without_its_database_is_not_ready(world: World) -> None:
    answer = await (await without_database(world)).get("/readyz")
    assert (answer.status, answer.media_type) == (503, MEDIA_TYPE)
    assert (answer.json["code"], answer.json["reason"]) == ("not_ready", "database_unavailable")


async def test_a_process_on_the_tables_of_another_version_is_not_ready(
    world: World, anybody: AsgiClient
) -> None:
    await rows(world.services.database, "UPDATE alembic_version SET version_num = '9999'")
    answer = await anybody.get("/readyz")
    assert (answer.status, answer.json["reason"]) == (503, "schema_differs")


async def test_a_lost_database_is_a_problem_that_does_not_say_where_it_was(world: World) -> None:
    caller = await without_database(world)
    answer = await caller.get("/v1/accounts", authorization="Bearer psk_x")
    assert (answer.status, answer.json["code"]) == (503, "database_unavailable")
    assert "127.0.0.1" not in answer.body.decode()


async def test_figures_are_for_keys_of_an_admin(program: CallWith) -> None:
    caller = await program(Scope.ADMIN)
    answer = await caller.get("/metrics")
    assert (answer.status, answer.media_type) == (200, "text/plain")
    assert "permsync_decisions" in answer.body.decode()


async def test_figures_on_a_port_of_their_own_need_no_key(world: World) -> None:
    application = create_probe_application(world.services)
    caller = AsgiClient(application)
    assert [(await caller.get(path)).status for path in PROBES] == [200, 200, 200]
    for other in ("/", "/me", "/v1/accounts", "/webhooks/github"):
        assert (await caller.get(other)).status in {404, 405}


async def test_figures_of_the_database_are_the_same_in_a_process_that_does_no_rounds(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    digest = world.services.host("gitlab").client_digest
    await rows(
        world.services.database,
        "INSERT INTO circuit (client_digest, host, failures, retry_at)"
        " VALUES (:digest, 'gitlab', 1, clock_timestamp())",
        digest=digest,
    )
    await rows(
        world.services.database,
        "INSERT INTO refresh_attempt (account_id, link_id, for_version, owner, state, token_digest,"
        " key_id, started_at, deadline, lease_until) SELECT id, link_id, 1, link_id, 'uncertain',"
        " 'd', key_id, now(), now(), now() FROM account WHERE id = :id",
        id=account.id,
    )
    application = create_probe_application(world.services)
    told = (await AsgiClient(application).get("/metrics")).body.decode()
    assert 'permsync_circuit_open{host="gitlab"} 1.0' in told
    assert 'permsync_refresh_uncertain{host="gitlab"} 1.0' in told
    assert 'permsync_revocation_backlog{host="gitlab"} 0.0' in told


async def test_a_lost_database_leaves_the_figures_of_the_process(world: World) -> None:
    nowhere = replace(world.services, database=Database(NOBODY_LISTENS))
    application = create_probe_application(nowhere)
    assert (await AsgiClient(application).get("/metrics")).status == 200
