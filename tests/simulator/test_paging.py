"""Pages may repeat a row, fail, or point away; otherwise they are plain slices."""

from permsync.simulator.faults import FailingPage
from tests.simulator.visitor import Visitor

REPOS = "/api/v4/projects?membership=true&order_by=id&sort=asc&per_page=10"


def _ids(visitor: Visitor, page: int) -> list[int]:
    return [row["id"] for row in visitor.get(f"{REPOS}&page={page}").json]


def test_a_row_may_come_twice(gitlab: Visitor) -> None:
    gitlab.link()
    first, second = _ids(gitlab, 1), _ids(gitlab, 2)
    gitlab.host.faults.duplicate_ids = True
    assert _ids(gitlab, 1) == [first[0], *first]
    assert _ids(gitlab, 2) == [first[-1], *second]
    assert _ids(gitlab, 99) == []


def test_a_keyset_page_fails_by_where_it_starts(gitlab: Visitor) -> None:
    gitlab.link()
    last = _ids(gitlab, 1)[-1]
    gitlab.host.faults.failing_pages[2] = FailingPage(502)
    keyset = f"{REPOS}&pagination=keyset"
    assert gitlab.get(keyset).status == 200
    assert gitlab.get(f"{keyset}&id_after={last}").status == 502


def test_links_keep_the_query(gitlab: Visitor) -> None:
    gitlab.link()
    link = gitlab.get(f"{REPOS}&min_access_level=20").headers["link"]
    assert "min_access_level=20" in link
    assert "per_page=10" in link
    assert link.startswith(f"<{gitlab.url}/api/v4/projects?")
