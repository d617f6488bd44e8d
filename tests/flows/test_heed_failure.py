"""A host's verdict ends the link for the tokens that it was given about, and for no newer ones."""

import pytest

from permsync.codehost import Failure, FailureKind, Request, Response
from permsync.flows.ask_host import Conversation
from permsync.flows.heed_failure import heed_failure
from permsync.model import AccountState
from tests.flows.scenes import read, rows
from tests.world import World


def refused_by_401(response: Response) -> int | Failure:
    """The only words of the host that matter here."""
    refused = response.status == 401
    return Failure(FailureKind.CREDENTIAL_REJECTED) if refused else response.status


@pytest.mark.parametrize("healed", [True, False])
async def test_a_verdict_is_about_the_token_that_was_refused(world: World, healed: bool) -> None:
    """Beside it another page of the run had the token that healed the suspect meanwhile."""
    account = await world.link("ada", "gitlab")
    suspect = "UPDATE account SET state = 'suspect' WHERE id = :id"
    await rows(world.services.database, suspect, id=account.id)
    configured = world.services.host("gitlab")
    talk = Conversation(world.services, configured, account_id=account.id, link_id=account.link_id)
    world.host("gitlab").tokens.expire_access(None, now=world.simulator.world.now())
    request = Request("GET", f"{configured.host.api_url}/user")
    refused = await talk.ask(request, refused_by_401)
    assert isinstance(refused, Failure)

    if healed:
        await talk.token(rejected=await talk.token())
    await heed_failure(talk, refused)

    state = AccountState.ACTIVE if healed else AccountState.NEEDS_REAUTH
    assert (await read(world, account)).state is state
