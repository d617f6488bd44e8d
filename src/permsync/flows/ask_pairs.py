"""
Asks a host about single pairs with the person's own token: those that are in doubt now.

The order is EVIDENCE R7: confirm who the token belongs to once, then ask pair by pair, each
question dated by the database before it is sent. A failure is no verdict: the pair waits,
and its rows stay. This module must not decide what an answer changes (``apply_ask``).
"""

from permsync.codehost import Failure, FailureKind, Identity, KnownRepository, PairAnswer
from permsync.errors import TokenUnavailableError
from permsync.flows.apply_ask import apply_ask
from permsync.flows.ask_host import Conversation
from permsync.flows.confirm_account import confirm_account
from permsync.flows.deps import Services
from permsync.flows.heed_failure import heed_failure
from permsync.model import LIVING, Account, Trigger
from permsync.store import accounts, asks, repositories, users
from permsync.store.asks import WantedAsk
from permsync.store.engine import database_now

# Failures that say nothing about the next question.
ABOUT_ONE_PAIR = frozenset(
    {FailureKind.HIDDEN, FailureKind.FORBIDDEN, FailureKind.UNREADABLE, FailureKind.ENDPOINT_GONE}
)


async def ask_pairs(services: Services, account_id: int, _trigger: Trigger) -> int:
    """
    Ask what is due about this account; returns how many questions were put.

    Never raises for what a host does; raises ``DatabaseUnavailableError`` and defects.
    """
    account = await _load(services, account_id)
    if account is None:
        async with services.database.begin() as connection:
            await asks.drop_all(connection, account_id)
        return 0
    async with services.database.begin() as connection:
        due = await asks.load_due(connection, account_id)
    asked = await _ask_all(services, account, due) if due else 0
    async with services.database.begin() as connection:
        await asks.enqueue_rest(connection, account_id)
    return asked


async def _load(services: Services, account_id: int) -> Account | None:
    """The account, if its token may be used."""
    async with services.database.begin() as connection:
        account = await accounts.load(connection, account_id)
        if account is None or account.state not in LIVING or account.host not in services.hosts:
            return None
        user = await users.load(connection, account.user_id)
    return account if user is not None and user.disabled_at is None else None


async def _ask_all(services: Services, account: Account, due: list[WantedAsk]) -> int:
    conversation = Conversation(
        services,
        services.host(account.host),
        account_id=account.id,
        link_id=account.link_id,
        trigger=Trigger.CONFIRM,
    )
    try:
        return await _ask_each(conversation, account, due)
    finally:
        await conversation.allowance.settle()


async def _ask_each(conversation: Conversation, account: Account, due: list[WantedAsk]) -> int:
    person = await _confirm(conversation, account)
    asked = 0
    for ask in due:
        if isinstance(person, Failure):
            await _rule(conversation.services, ask, person, account)
            continue
        asked += 1
        failure = await _ask_one(conversation, ask, person)
        if failure is not None and failure.kind not in ABOUT_ONE_PAIR:
            person = failure  # whatever it was, the next question would meet it too
    return asked


async def _confirm(conversation: Conversation, account: Account) -> Identity | Failure:
    try:
        confirmed = await confirm_account(conversation, account)
    except TokenUnavailableError as error:
        return Failure(FailureKind.UNAVAILABLE, error.reason, error.retry_in)
    if isinstance(confirmed, Failure):
        await heed_failure(conversation, confirmed)
        return confirmed
    return confirmed.identity


async def _ask_one(conversation: Conversation, ask: WantedAsk, person: Identity) -> Failure | None:
    services, host = conversation.services, conversation.configured.host
    async with services.database.begin() as connection:
        repository = await repositories.load(connection, ask.repository_id)
        asked_at = await database_now(connection)
    assert repository is not None  # noqa: S101 - a repository's row is never deleted
    known = KnownRepository(repository.external_id, repository.owner_id, repository.full_name)
    question = host.pair_ask(known, person)
    answer: PairAnswer | Failure
    try:
        answer = await conversation.ask(
            question.request, lambda response: host.parse_pair(question, response)
        )
    except TokenUnavailableError as error:
        answer = Failure(FailureKind.UNAVAILABLE, error.reason, error.retry_in)
    await apply_ask(services, ask, answer, link_id=conversation.link_id, asked_at=asked_at)
    if not isinstance(answer, Failure):
        return None
    await heed_failure(conversation, answer)
    return answer


async def _rule(services: Services, ask: WantedAsk, failure: Failure, account: Account) -> None:
    """Nobody was asked: the same as an answer without a verdict."""
    async with services.database.begin() as connection:
        asked_at = await database_now(connection)
    await apply_ask(services, ask, failure, link_id=account.link_id, asked_at=asked_at)
