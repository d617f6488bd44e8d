"""
Cuts listings into pages for every kind, and lets the listing faults strike there.

Pages count from 1 whatever a host calls them; a keyset page counts by where it starts.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from permsync.simulator.exchange import Exchange, Refused

_Row = TypeVar("_Row")


def rows_of_page(exchange: Exchange, rows: Sequence[_Row], *, start: int, size: int) -> list[_Row]:
    """The rows from `start`, at most `size`; raises Refused where this page is set to fail."""
    faults = exchange.host.faults
    failing = faults.failing_pages.get(start // size + 1)
    if failing is not None:
        raise Refused(failing.status, failing.message)
    page = list(rows[start : start + size])
    if faults.duplicate_ids and page:
        page.insert(0, rows[start - 1] if start else page[0])
    return page


def link_to(exchange: Exchange, query: Mapping[str, str | int], *, path: str | None = None) -> str:
    """The URL of another page: the same query with changes, at a foreign origin if so set."""
    origin = exchange.host.faults.foreign_next or exchange.origin
    kept = {**exchange.request.query_params, **{name: str(each) for name, each in query.items()}}
    here = exchange.record.path if path is None else path
    return f"{origin}{exchange.host.path}{here}?{urlencode(kept)}"
