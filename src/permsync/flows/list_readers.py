"""
Lists who may read one repository, page by page, through a connection.

What is decided here: one failed page ends the list without a word, one marker makes it
partial, and each person counts once with the widest level. What a page says is the host
file's business.
"""

from collections import deque
from dataclasses import dataclass
from functools import partial

from permsync.codehost import Failure, KnownRepository, ListsReaders
from permsync.flows.ask_host import Conversation
from permsync.model import Level

MOST_PAGES = 2_000
_ORDER = tuple(Level)


@dataclass(frozen=True, slots=True)
class Readers:
    """Everybody whom one enumeration showed, by the host's id, with their level."""

    levels: dict[str, Level]
    complete: bool


async def list_readers(
    conversation: Conversation, host: ListsReaders, repository: KnownRepository
) -> Readers | Failure:
    """
    Everybody who may read the repository, as ``host`` asks and reads it.

    Raises ``TokenUnavailableError`` where the host refused the connection's token.
    """
    pending = deque([host.readers_ask(repository)])
    levels: dict[str, Level] = {}
    complete = True
    for _ in range(MOST_PAGES):
        if not pending:
            return Readers(levels, complete)
        ask = pending.popleft()
        page = await conversation.ask(ask.request, partial(host.parse_readers, ask))
        if isinstance(page, Failure):
            return page
        conversation.pages_read += 1
        pending.extend(page.follow)
        complete = complete and not page.partial
        for one in page.readers:
            known = levels.get(one.external_id, one.level)
            levels[one.external_id] = max(known, one.level, key=_ORDER.index)
    return Readers(levels, complete=False)
