"""
Ends access where a host's refusal means that, and only for the link that was refused.

What a failure means is the table of ``rules.failures``; this module must not decide it.
"""

from permsync.codehost import Failure
from permsync.flows.ask_host import Conversation
from permsync.flows.end_access import end_access
from permsync.flows.plan_refresh import load_holding
from permsync.model import LIVING, Account
from permsync.rules.failures import consequence_of


async def heed_failure(conversation: Conversation, failure: Failure) -> None:
    """Turn the account into what the failure says, unless it moved on meanwhile."""
    meaning = consequence_of(failure.kind)
    if meaning.state is None or meaning.reason is None:
        return
    services = conversation.services
    now = (await load_holding(services, conversation.account_id)).account
    if _is_about(conversation, now):
        await end_access(services, now, state=meaning.state, reason=meaning.reason)


def _is_about(conversation: Conversation, now: Account) -> bool:
    """A verdict is about the link and the token version that were used, and no newer ones."""
    used = (conversation.link_id, conversation.version)
    return used == (now.link_id, now.token_version) and now.state in LIVING
