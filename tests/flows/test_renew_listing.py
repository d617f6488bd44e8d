"""The word that nothing changed dates a listing anew, as long as nobody else wrote meanwhile."""

from datetime import timedelta

from permsync.flows.renew_listing import renew_listing
from permsync.model import RunState
from permsync.store.runs import Tally
from tests.flows.scenes import column, last_run, read
from tests.flows.test_apply_listing import claimed, linked
from tests.world import World

SENT = Tally(requests=3, not_modified=3)
DIGEST = "SELECT listing_digest FROM account"
DUE_IN = "SELECT sync_due_at - clock_timestamp() FROM account"


async def test_a_listing_that_another_writer_touched_is_not_renewed_but_read_whole_at_once(
    world: World,
) -> None:
    account = await linked(world)
    before = await read(world, account)
    run = await claimed(world, account)

    applied = await renew_listing(world.services, run, digest=b"of another listing", sent=SENT)

    assert applied is not None
    assert applied.state is RunState.PARTIAL
    now = await read(world, account)
    assert (now.listed_at, now.listed_to) == (before.listed_at, before.listed_to)
    (due_in,) = await column(world.services.database, DUE_IN)
    assert due_in <= world.services.durations.settle < timedelta(minutes=1)
    assert (await last_run(world, account))["not_modified"] == SENT.not_modified


async def test_a_run_that_was_overtaken_renews_nothing(world: World) -> None:
    account = await linked(world)
    before = await read(world, account)
    (digest,) = await column(world.services.database, DIGEST)
    older = await claimed(world, account)
    newer = await claimed(world, account)

    assert await renew_listing(world.services, older, digest=digest, sent=SENT) is None

    now = await read(world, account)
    assert (now.listed_at, now.run_id) == (before.listed_at, newer.id)
