"""
The listing shell: carries out what a host's file says to ask, page by page.

What is decided here: how many questions run at once (the host's own bound). What a page
says is the host file's business; what is asked next, and what the pages cover, is decided
by ``rules.listing``.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from permsync.codehost import Ask, Failure, ListedRepository, Page
from permsync.flows.ask_host import Conversation
from permsync.rules.listing import Enumeration


@dataclass(frozen=True, slots=True)
class Listing:
    """
    What one enumeration showed, each repository once.

    ``complete`` means that everything but the ``gaps`` was covered; gaps are owners, by the
    id in ``ListedRepository.owner_id``, of which anything or nothing may have been seen, and
    ``to_approve`` those that wait for the person's single sign-on.
    ``failure`` is the first thing that went wrong, ``asks`` are those that were answered.
    """

    repositories: tuple[ListedRepository, ...]
    complete: bool
    gaps: frozenset[str] = frozenset()
    to_approve: frozenset[str] = frozenset()
    failure: Failure | None = None
    asks: tuple[Ask, ...] = ()


async def list_repositories(
    conversation: Conversation, *, asks: Iterable[Ask] | None = None
) -> Listing | Failure:
    """
    Everything the host lists for this account, or what ``asks`` lead to.

    A failure that ends access, or one before any page was read, is returned as it is.
    Raises ``TokenUnavailableError`` where no token can be had.
    """
    first = conversation.configured.host.listing_asks() if asks is None else asks
    enumeration = Enumeration.of(first)
    await _ask_all(conversation, enumeration)
    enumeration.look_again()
    await _ask_all(conversation, enumeration)
    if (refusal := enumeration.refusal()) is not None:
        return refusal
    covered = enumeration.coverage()
    return Listing(
        repositories=enumeration.repositories(),
        complete=covered.complete,
        gaps=covered.gaps,
        to_approve=covered.to_approve,
        failure=enumeration.failure,
        asks=enumeration.asks(),
    )


async def _ask_all(conversation: Conversation, enumeration: Enumeration) -> None:
    """Keep as many questions in flight as the host allows, until none is left."""
    running: dict[asyncio.Task[Page | Failure], Ask] = {}
    try:
        while True:
            while len(running) < conversation.configured.host.parallel:
                ask = enumeration.take()
                if ask is None:
                    break
                running[asyncio.create_task(_ask_page(conversation, ask))] = ask
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                enumeration.note(running.pop(task), task.result())
                conversation.pages_read += isinstance(task.result(), Page)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _ask_page(conversation: Conversation, ask: Ask) -> Page | Failure:
    host = conversation.configured.host
    return await conversation.ask(ask.request, lambda response: host.parse_page(ask, response))
