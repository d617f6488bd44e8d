"""
Makes sure that a token speaks for one account, before anything it shows is believed.

What is decided here: a token of somebody else, or one that lost a scope, speaks for nobody; what
its host says of the person is kept.
This module must not decide what follows.
"""

from permsync.codehost import Failure, FailureKind
from permsync.flows.ask_host import Conversation
from permsync.flows.confirm_identity import Confirmed, confirm_identity
from permsync.flows.note_restricted import note_restricted
from permsync.model import Account


async def confirm_account(conversation: Conversation, account: Account) -> Confirmed | Failure:
    """Who the token belongs to, if that is the account; else why not."""
    confirmed = await confirm_identity(conversation)
    if isinstance(confirmed, Failure):
        return confirmed
    if confirmed.identity.external_id != account.external_id:
        return Failure(FailureKind.CREDENTIAL_REJECTED, detail="the token is someone else's")
    if conversation.configured.host.missing_scopes(confirmed.scopes):
        return Failure(FailureKind.INSUFFICIENT_SCOPE)
    await note_restricted(conversation.services, account, confirmed.identity)
    return confirmed
