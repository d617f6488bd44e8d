"""
Asks a host whether an account's last listing still stands, where asking is free.

Every page of it, and the identity first, is asked for with the validator that it came with
(RFC 9110 13.1.2): if the host vouches for all of them, nothing changed, and on GitHub that
costs no quota. One page that changed is enough to list everything anew, so the content of
pages is not kept. Validators are believed for a quarter of the hard age, as long as
openness is (EVIDENCE R12), and only by the link and settings that they were kept under.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from permsync.codehost import Ask, Failure, FailureKind, Response
from permsync.flows.ask_host import Conversation
from permsync.flows.deps import ConfiguredHost
from permsync.rules.failures import consequence_of
from permsync.store import validators
from permsync.store.runs import ClaimedRun
from permsync.store.validators import KnownPages, Validated


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The host vouches for everything that the listing with this digest said."""

    digest: bytes


async def recheck_listing(
    conversation: Conversation, run: ClaimedRun
) -> Unchanged | Failure | None:
    """
    Ask whether anything changed; ``None`` where it did, or where that cannot be asked.

    A failure is returned where it ends access. Raises ``TokenUnavailableError`` where no
    token can be had.
    """
    known = await _load(conversation, run)
    if known is None:
        return None
    identity, *pages = known.pages
    answer = await _vouches(conversation, identity)
    if isinstance(answer, Failure):
        return answer if consequence_of(answer.kind).state is not None else None
    stands = answer and await _all_vouch(conversation, pages)
    return Unchanged(known.digest) if stands else None


async def save_validators(conversation: Conversation, run: ClaimedRun, asks: Sequence[Ask]) -> None:
    """Keep the validators of a listing that was applied, where every answer had one."""
    configured, etags = conversation.configured, conversation.etags
    if not configured.host.manners.free_unchanged:
        return
    every = [configured.host.identity_ask(), *asks]
    if any(ask.request.url not in etags for ask in every):
        return
    pages = [Validated(ask, etags[ask.request.url]) for ask in every]
    async with conversation.services.database.begin() as connection:
        await validators.save(connection, run, basis=_basis(configured), pages=pages)


async def _load(conversation: Conversation, run: ClaimedRun) -> KnownPages | None:
    configured, services = conversation.configured, conversation.services
    if not configured.host.manners.free_unchanged:
        return None
    async with services.database.begin() as connection:
        return await validators.load(
            connection,
            run,
            basis=_basis(configured),
            younger_than=services.durations.evidence_hard / 4,
        )


def _basis(configured: ConfiguredHost) -> bytes:
    """What the stored listing was made under: other settings list other things."""
    asks = (configured.host.identity_ask(), *configured.host.listing_asks())
    lines = [*(ask.request.url for ask in asks), *sorted(configured.include)]
    return hashlib.sha256("\n".join(lines).encode()).digest()


async def _all_vouch(conversation: Conversation, pages: Sequence[Validated]) -> bool:
    """Ask for both ends first, where what is new shows, and stop at the first no."""
    room = asyncio.Semaphore(conversation.configured.host.parallel)

    async def ask(page: Validated) -> bool:
        async with room:
            return await _vouches(conversation, page) is True

    tasks = [asyncio.create_task(ask(page)) for page in _from_both_ends(pages)]
    try:
        for done in asyncio.as_completed(tasks):
            if not await done:
                return False
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return True


def _from_both_ends(pages: Sequence[Validated]) -> Iterator[Validated]:
    """The last page of a series was asked for early, and what came after it at the end."""
    left = deque(pages)
    while left:
        yield left.pop()
        if left:
            yield left.popleft()


async def _vouches(conversation: Conversation, page: Validated) -> bool | Failure:
    host = conversation.configured.host

    def read(response: Response) -> bool | Failure:
        if host.missing_scopes(host.granted_scopes(response)):
            return Failure(FailureKind.INSUFFICIENT_SCOPE)
        if host.vouches(response):
            return True
        again = host.parse_page(page.ask, response)
        return again if isinstance(again, Failure) else False

    headers = {**page.ask.request.headers, "if-none-match": page.etag}
    return await conversation.ask(replace(page.ask.request, headers=headers), read)
