"""
The listing shell: carries out what a host's file says to ask, page by page.

What is decided here: how many questions run at once (the host's own bound), that a page
is asked once, that a `next` link stays on the host, and whether the listing is whole. One
failed page, one marker, one count that does not fit make it partial, and a partial
listing only adds (EVIDENCE R5). What a page says is the host file's business.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from permsync.codehost import Ask, Failure, ListedRepository, Page
from permsync.flows.ask_host import Conversation
from permsync.rules.failures import KEEP, consequence_of

MOST_PAGES = 20_000


@dataclass(frozen=True, slots=True)
class Listing:
    """What one enumeration showed. ``failure`` is the first thing that went wrong."""

    repositories: tuple[ListedRepository, ...]
    complete: bool
    failure: Failure | None = None


@dataclass(slots=True)
class _Progress:
    """The pages read so far, and the questions still to ask."""

    pending: deque[Ask]
    asked: set[str] = field(default_factory=set)
    pages: list[Page] = field(default_factory=list)
    failure: Failure | None = None

    def take(self) -> Ask | None:
        """The next question that was not asked yet."""
        while self.pending:
            ask = self.pending.popleft()
            key = f"{ask.step} {ask.request.method} {ask.request.url}"
            if key not in self.asked and len(self.asked) < MOST_PAGES:
                self.asked.add(key)
                return ask
        return None

    def note(self, answer: Page | Failure) -> None:
        """Keep a page; after a failure ask nothing more."""
        if isinstance(answer, Failure):
            self.failure = self.failure or answer
            self.pending.clear()
            return
        self.pages.append(answer)
        if self.failure is None:
            self.pending.extend(answer.follow)


async def list_repositories(conversation: Conversation) -> Listing | Failure:
    """
    Everything the host lists for this account.

    A failure that ends access, or one before any page was read, is returned as it is.
    Raises ``TokenUnavailableError`` where no token can be had.
    """
    progress = _Progress(deque(conversation.configured.host.listing_asks()))
    await _ask_all(conversation, progress)
    failure = progress.failure
    if failure is not None and (consequence_of(failure.kind) is not KEEP or not progress.pages):
        return failure
    return Listing(
        repositories=tuple(one for page in progress.pages for one in page.repositories),
        complete=failure is None and _is_whole(progress),
        failure=failure,
    )


async def _ask_all(conversation: Conversation, progress: _Progress) -> None:
    """Keep as many questions in flight as the host allows, until none is left."""
    running: set[asyncio.Task[Page | Failure]] = set()
    try:
        while True:
            while len(running) < conversation.configured.host.parallel:
                ask = progress.take()
                if ask is None:
                    break
                running.add(asyncio.create_task(_ask_page(conversation, ask)))
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                progress.note(task.result())
    finally:
        for task in running:
            task.cancel()


async def _ask_page(conversation: Conversation, ask: Ask) -> Page | Failure:
    host = conversation.configured.host
    return await conversation.ask(ask.request, lambda response: host.parse_page(ask, response))


def _is_whole(progress: _Progress) -> bool:
    """No marker, no more pages than we ask, and every count of the host fits what we saw."""
    if len(progress.asked) >= MOST_PAGES or any(page.partial for page in progress.pages):
        return False
    seen: dict[str, set[str]] = {}
    expected: dict[str, int] = {}
    for page in progress.pages:
        seen.setdefault(page.series, set()).update(page.seen)
        if page.expected is not None:
            expected[page.series] = page.expected
    return all(len(seen[series]) == count for series, count in expected.items())
