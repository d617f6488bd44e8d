"""
What an enumeration still has to ask, and what it covers once nothing is left.

What is decided here: that a page is asked for once; what one failed page costs (its owner,
or the whole listing); that counts which do not fit get one second look; and which owners
are gaps (EVIDENCE R4, R5). This module must not know what a page looks like at a host, or
how many asks are in flight.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from permsync.codehost import Ask, Failure, FailureKind, ListedRepository, Page
from permsync.rules.failures import consequence_of

MOST_PAGES = 20_000

# So many owners lost to an outage, and the host itself is taken to be down.
MOST_OUTAGES = 3

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Coverage:
    """
    What an enumeration covers.

    ``complete`` means that everything but the ``gaps`` was covered; gaps are owners by the
    id in :class:`ListedRepository`. ``to_approve`` are those that wait for single sign-on.
    """

    complete: bool
    gaps: frozenset[str] = frozenset()
    to_approve: frozenset[str] = frozenset()


@dataclass(slots=True)
class Enumeration:
    """The pages read so far, and the asks that are left."""

    pending: deque[Ask]
    failure: Failure | None = None
    _asked: dict[_Key, Ask] = field(default_factory=dict)
    _pages: dict[_Key, Page] = field(default_factory=dict)
    _broken: set[str] = field(default_factory=set)
    _outages: int = 0
    _is_cut: bool = False
    _is_stopped: bool = False
    _looked_again: bool = False

    @classmethod
    def of(cls, asks: Iterable[Ask]) -> "Enumeration":
        """Start with the host's first asks."""
        return cls(deque(asks))

    def take(self) -> Ask | None:
        """The next ask that was not taken before; ``None`` while there is none."""
        while self.pending:
            ask = self.pending.popleft()
            if _key(ask) in self._asked or (ask.owner_id and ask.owner_id in self._broken):
                continue
            if len(self._asked) >= MOST_PAGES:
                self.pending.appendleft(ask)
                self._stop()
                return None
            self._asked[_key(ask)] = ask
            return ask
        return None

    def note(self, ask: Ask, answer: Page | Failure) -> None:
        """Keep a page and what follows from it, or count what a failure costs."""
        if isinstance(answer, Failure):
            self._note_failure(ask, answer)
            return
        self._pages[_key(ask)] = answer
        self.pending.extend(answer.follow)
        if self._is_stopped:
            self._stop()

    def look_again(self) -> None:
        """Ask once more for the pages of every series whose count does not fit."""
        if self._looked_again or self._is_stopped:
            return
        self._looked_again = True
        shifted = self._misfits()
        for key in [key for key, page in self._pages.items() if page.series in shifted]:
            if self._asked[key].owner_id not in self._broken:
                self.pending.append(self._asked.pop(key))
                del self._pages[key]

    def refusal(self) -> Failure | None:
        """The failure that leaves nothing to apply: access ended, or no page was read."""
        if self.failure is None:
            return None
        ended = consequence_of(self.failure.kind).state is not None
        return self.failure if ended or not self._pages else None

    def repositories(self) -> tuple[ListedRepository, ...]:
        """Every repository once; of two sights of one the later counts."""
        pages = self._pages.values()
        return tuple({one.external_id: one for page in pages for one in page.repositories}.values())

    def asks(self) -> tuple[Ask, ...]:
        """The asks whose pages were read."""
        return tuple(self._asked[key] for key in self._pages)

    def coverage(self) -> Coverage:
        """What the pages cover, once nothing is left to ask."""
        owners = {page.series: self._asked[key].owner_id for key, page in self._pages.items()}
        misfits = {owners[series] for series in self._misfits()}
        gaps = {gap for page in self._pages.values() for gap in page.gaps} | self._broken | misfits
        partial = self._is_cut or "" in misfits or any(one.partial for one in self._pages.values())
        to_approve = frozenset(one for page in self._pages.values() for one in page.to_approve)
        return Coverage(not partial, gaps=frozenset(gaps - {""}), to_approve=to_approve)

    def _note_failure(self, ask: Ask, failure: Failure) -> None:
        ended = consequence_of(failure.kind).state is not None
        if self.failure is None or ended:
            self.failure = failure
        self._leave_out(ask)
        self._outages += failure.kind is FailureKind.UNAVAILABLE
        limited = failure.kind is FailureKind.RATE_LIMITED
        if not ask.owner_id or limited or ended or self._outages >= MOST_OUTAGES:
            self._stop()

    def _stop(self) -> None:
        """Ask nothing more: what was not asked is left out."""
        self._is_stopped = True
        while self.pending:
            ask = self.pending.popleft()
            if _key(ask) not in self._asked:
                self._leave_out(ask)

    def _leave_out(self, ask: Ask) -> None:
        if ask.owner_id:
            self._broken.add(ask.owner_id)
        else:
            self._is_cut = True

    def _misfits(self) -> set[str]:
        """
        The series of which another number was seen than the host counts.

        A count that changed between two pages is one, even if the last one fits: what was
        deleted after it was seen makes up for what slipped from one page to another.
        """
        seen: dict[str, set[str]] = {}
        for page in self._pages.values():
            seen.setdefault(page.series, set()).update(page.seen)
        return {
            page.series
            for page in self._pages.values()
            if page.expected is not None and page.expected != len(seen[page.series])
        }


def _key(ask: Ask) -> _Key:
    return (ask.step, ask.request.url)
