"""A check of what lies at a host that is configured no more: denied, whatever is stored of it."""

from dataclasses import replace

from permsync.flows.check import check
from permsync.model import Reason, Verdict
from tests.flows.scenes import column, rows
from tests.flows.test_apply_listing import linked
from tests.world import World


async def test_what_was_open_to_everybody_at_a_host_is_closed_without_its_settings(
    world: World,
) -> None:
    account = await linked(world)
    await rows(world.services.database, "UPDATE repository SET visibility = 'internal'")
    (repository_id, *_) = await column(world.services.database, "SELECT id FROM repository")
    before = await check(world.services, account.user_id, repository_id)
    assert before.decision.verdict is Verdict.ALLOW

    after = await check(replace(world.services, hosts={}), account.user_id, repository_id)

    assert (after.decision.verdict, after.decision.reason) == (Verdict.DENY, Reason.UNKNOWN_HOST)
