"""Access ends for the link and version that a verdict was about, and for no newer one."""

from permsync.codehost import Failure, FailureKind
from permsync.flows.ask_host import Conversation
from permsync.flows.end_access import end_access
from permsync.flows.fresh_token import fresh_token
from permsync.flows.heed_failure import heed_failure
from permsync.model import AccountReason, AccountState
from tests.flows.scenes import column, read
from tests.world import World

ENDS = "SELECT count(*) FROM audit_event WHERE action = 'account_ended'"
CHANGES = "SELECT count(*) FROM change WHERE kind = 'account' AND became = 'needs_reauth'"


async def test_a_verdict_on_an_older_version_ends_nothing_and_leaves_no_trace(
    world: World,
) -> None:
    before = await world.link("ada", "gitlab")
    await fresh_token(world.services, before.id, rejected_version=before.token_version)

    ended = await end_access(
        world.services,
        before,
        state=AccountState.NEEDS_REAUTH,
        reason=AccountReason.CREDENTIAL_REJECTED,
    )

    assert not ended
    assert (await read(world, before)).state is AccountState.ACTIVE
    assert await column(world.services.database, ENDS) == [0]
    assert await column(world.services.database, CHANGES) == [0]


async def test_a_refusal_is_heeded_for_the_version_that_was_used_only(world: World) -> None:
    account = await world.link("ada", "gitlab")
    conversation = Conversation(
        world.services,
        world.services.host("gitlab"),
        account_id=account.id,
        link_id=account.link_id,
    )
    await conversation.token()
    newer = await fresh_token(world.services, account.id, rejected_version=account.token_version)
    refused = Failure(FailureKind.CREDENTIAL_REJECTED)

    await heed_failure(conversation, refused)
    assert (await read(world, account)).state is AccountState.ACTIVE

    old = await conversation.token(rejected=await conversation.token())
    assert old.version == newer.version
    await heed_failure(conversation, refused)
    assert (await read(world, account)).state is AccountState.NEEDS_REAUTH
    assert await column(world.services.database, ENDS) == [1]
