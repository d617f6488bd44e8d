"""What an enumeration asks next, and what its pages cover: owner by owner, or not at all."""

from collections.abc import Mapping

import pytest

from permsync.codehost import Ask, Failure, FailureKind, ListedRepository, Page, Request
from permsync.model import Visibility
from permsync.rules import listing
from permsync.rules.listing import MOST_OUTAGES, Coverage, Enumeration

FORBIDDEN = Failure(FailureKind.FORBIDDEN)
LIMITED = Failure(FailureKind.RATE_LIMITED)
UNAVAILABLE = Failure(FailureKind.UNAVAILABLE)
REJECTED = Failure(FailureKind.CREDENTIAL_REJECTED)
WHOLE = Coverage(complete=True)


def ask(name: str, owner: str = "") -> Ask:
    """One question, known by its address."""
    return Ask("page", Request("GET", f"https://host.example/{name}"), owner_id=owner)


def repository(number: int, owner: str = "acme", name: str = "engine") -> ListedRepository:
    """One repository of an owner."""
    return ListedRepository(str(number), owner, owner, f"{owner}/{name}", Visibility.PRIVATE)


def page(*numbers: int, owner: str = "acme", expected: int | None = None, **more: object) -> Page:
    """One page of an owner's repositories."""
    rows = tuple(repository(number, owner) for number in numbers)
    seen = frozenset(one.external_id for one in rows)
    return Page(rows, series=owner, seen=seen, expected=expected, **more)  # type: ignore[arg-type]


def run(enumeration: Enumeration, answers: Mapping[str, Page | Failure]) -> list[str]:
    """Answer every question by its name, in order; the names that were asked."""
    asked = []
    while (one := enumeration.take()) is not None:
        name = one.request.url.rpartition("/")[2]
        asked.append(name)
        enumeration.note(one, answers[name])
    return asked


def test_what_follows_is_asked_and_everything_is_covered() -> None:
    enumeration = Enumeration.of([ask("1")])
    asked = run(enumeration, {"1": page(1, follow=(ask("2"), ask("3"))), "2": page(2), "3": page()})
    assert asked == ["1", "2", "3"]
    assert enumeration.coverage() == WHOLE
    assert {one.external_id for one in enumeration.repositories()} == {"1", "2"}


def test_nothing_asked_and_nothing_refused_is_no_refusal() -> None:
    assert Enumeration.of([]).refusal() is None


def test_a_page_is_asked_for_once_whoever_names_it() -> None:
    enumeration = Enumeration.of([ask("1")])
    follow = (ask("2"), ask("1"), ask("2"))
    assert run(enumeration, {"1": page(follow=follow), "2": page(follow=follow)}) == ["1", "2"]


def test_of_two_sights_of_one_repository_the_later_counts() -> None:
    enumeration = Enumeration.of([ask("1"), ask("2")])
    renamed = Page((repository(1, name="motor"),))
    run(enumeration, {"1": page(1), "2": renamed})
    assert enumeration.repositories() == (repository(1, name="motor"),)


def test_a_page_that_broke_for_good_is_a_gap_of_its_owner_and_the_others_are_covered() -> None:
    enumeration = Enumeration.of([ask("a", "a"), ask("b", "b")])
    asked = run(
        enumeration,
        {
            "a": page(1, owner="a", follow=(ask("a2", "a"), ask("a3", "a"))),
            "b": page(2, owner="b"),
            "a2": FORBIDDEN,
        },
    )
    assert asked == ["a", "b", "a2"]  # of a broken owner nothing more is asked
    assert enumeration.coverage() == Coverage(complete=True, gaps=frozenset("a"))
    assert enumeration.failure == FORBIDDEN
    assert enumeration.refusal() is None


def test_a_page_of_the_whole_host_that_broke_makes_the_listing_partial_and_ends_it() -> None:
    enumeration = Enumeration.of([ask("1")])
    follow = (ask("2"), ask("3"))
    assert run(enumeration, {"1": page(1, follow=follow), "2": UNAVAILABLE}) == ["1", "2"]
    assert enumeration.coverage() == Coverage(complete=False)


def test_a_limit_ends_the_listing_with_what_it_has() -> None:
    """Owners that were read whole are covered; those that were not are gaps."""
    enumeration = Enumeration.of([ask("a", "a"), ask("b", "b"), ask("c", "c")])
    asked = run(enumeration, {"a": page(1, owner="a"), "b": LIMITED})
    assert asked == ["a", "b"]
    assert enumeration.coverage() == Coverage(complete=True, gaps=frozenset("bc"))
    assert enumeration.failure == LIMITED


def test_what_follows_an_answer_that_came_after_the_end_is_left_out_too() -> None:
    enumeration = Enumeration.of([ask("owners"), ask("b", "b")])
    owners, limited = enumeration.take(), enumeration.take()
    assert owners is not None
    assert limited is not None
    enumeration.note(limited, LIMITED)
    enumeration.note(owners, Page(follow=(ask("a", "a"), ask("owners2"))))
    assert enumeration.take() is None
    assert enumeration.coverage() == Coverage(complete=False, gaps=frozenset("ab"))


def test_an_ask_that_is_under_way_when_a_listing_ends_is_not_left_out() -> None:
    """Two pages name one owner's: it is asked once, and its answer still counts."""
    enumeration = Enumeration.of([ask("a", "a"), ask("b", "b")])
    under_way, limited = enumeration.take(), enumeration.take()
    assert under_way is not None
    assert limited is not None
    enumeration.pending.append(ask("a", "a"))
    enumeration.note(limited, LIMITED)
    enumeration.note(under_way, page(1, owner="a"))
    assert enumeration.coverage() == Coverage(complete=True, gaps=frozenset("b"))


def test_the_asks_are_those_whose_pages_were_read() -> None:
    enumeration = Enumeration.of([ask("a", "a"), ask("b", "b")])
    run(enumeration, {"a": page(1, owner="a"), "b": FORBIDDEN})
    assert enumeration.asks() == (ask("a", "a"),)


def test_outages_of_a_few_owners_are_taken_for_the_hosts_own() -> None:
    names = [f"o{number}" for number in range(MOST_OUTAGES + 5)]
    enumeration = Enumeration.of([ask(name, name) for name in names])
    assert len(run(enumeration, dict.fromkeys(names, UNAVAILABLE))) == MOST_OUTAGES
    assert enumeration.refusal() == UNAVAILABLE


@pytest.mark.parametrize("kind", [FailureKind.FORBIDDEN, FailureKind.UNREADABLE])
def test_other_failures_of_owners_never_end_the_listing(kind: FailureKind) -> None:
    names = [f"o{number}" for number in range(MOST_OUTAGES + 5)]
    enumeration = Enumeration.of([ask("0"), *(ask(name, name) for name in names)])
    asked = run(enumeration, {"0": page(), **dict.fromkeys(names, Failure(kind))})
    assert asked == ["0", *names]
    assert enumeration.coverage() == Coverage(complete=True, gaps=frozenset(names))


def test_a_failure_that_ends_access_ends_the_listing_whosever_page_it_was() -> None:
    enumeration = Enumeration.of([ask("a", "a"), ask("b", "b"), ask("c", "c")])
    assert run(enumeration, {"a": FORBIDDEN, "b": REJECTED}) == ["a", "b"]
    assert enumeration.refusal() == REJECTED


def test_a_failure_before_any_page_leaves_nothing_to_apply() -> None:
    enumeration = Enumeration.of([ask("1")])
    run(enumeration, {"1": UNAVAILABLE})
    assert enumeration.refusal() == UNAVAILABLE


def test_owners_that_the_host_says_it_left_out_are_gaps() -> None:
    enumeration = Enumeration.of([ask("1")])
    behind = frozenset({"8"})
    run(enumeration, {"1": page(1, gaps=frozenset({"7", "8"}), to_approve=behind)})
    expected = Coverage(complete=True, gaps=frozenset({"7", "8"}), to_approve=behind)
    assert enumeration.coverage() == expected


def test_a_marker_without_owners_makes_the_whole_listing_partial() -> None:
    enumeration = Enumeration.of([ask("a", "a"), ask("b", "b")])
    run(enumeration, {"a": page(1, owner="a", partial=True), "b": FORBIDDEN})
    assert enumeration.coverage() == Coverage(complete=False, gaps=frozenset("b"))


def test_pages_that_shifted_are_looked_at_once_more() -> None:
    """A repository deleted while pages were read: one hides, and the counts tell."""
    enumeration = Enumeration.of([ask("1")])
    run(enumeration, {"1": page(1, 2, expected=4, follow=(ask("2"),)), "2": page(4, expected=3)})
    enumeration.look_again()
    again = {"1": page(1, 3, expected=3, follow=(ask("2"),)), "2": page(4, expected=3)}
    assert run(enumeration, again) == ["1", "2"]
    assert enumeration.coverage() == WHOLE
    assert {one.external_id for one in enumeration.repositories()} == {"1", "3", "4"}


def test_counts_that_fit_are_not_looked_at_again() -> None:
    enumeration = Enumeration.of([ask("1")])
    run(enumeration, {"1": page(1, expected=1)})
    enumeration.look_again()
    assert enumeration.take() is None


def test_rows_that_come_twice_are_counted_once() -> None:
    enumeration = Enumeration.of([ask("1"), ask("2")])
    run(enumeration, {"1": page(1, 2, expected=3), "2": page(2, 3, expected=3)})
    assert enumeration.coverage() == WHOLE


def test_counts_that_never_fit_make_the_listing_partial() -> None:
    enumeration = Enumeration.of([ask("1")])
    for _ in range(3):
        run(enumeration, {"1": page(1, expected=2)})
        enumeration.look_again()
    assert enumeration.take() is None  # one second look and no third
    assert enumeration.coverage() == Coverage(complete=False)


def test_counts_of_one_owner_that_never_fit_are_a_gap_of_that_owner() -> None:
    enumeration = Enumeration.of([ask("a", "a"), ask("b", "b")])
    answers: dict[str, Page | Failure] = {
        "a": page(1, owner="a", expected=2),
        "b": page(2, owner="b", expected=1),
    }
    run(enumeration, answers)
    enumeration.look_again()
    assert run(enumeration, answers) == ["a"]
    assert enumeration.coverage() == Coverage(complete=True, gaps=frozenset("a"))


def test_an_owner_that_broke_is_not_looked_at_again_and_what_was_seen_of_it_stays() -> None:
    enumeration = Enumeration.of([ask("a", "a"), ask("b", "b")])
    first = page(1, owner="a", expected=2, follow=(ask("a2", "a"),))
    run(enumeration, {"a": first, "b": page(2, owner="b"), "a2": FORBIDDEN})
    enumeration.look_again()
    assert enumeration.take() is None
    assert {one.external_id for one in enumeration.repositories()} == {"1", "2"}


def test_a_listing_that_was_ended_is_not_looked_at_again() -> None:
    enumeration = Enumeration.of([ask("1"), ask("2")])
    run(enumeration, {"1": page(1, expected=2), "2": LIMITED})
    enumeration.look_again()
    assert enumeration.take() is None


def test_more_pages_than_we_ask_for_make_the_listing_partial(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing, "MOST_PAGES", 2)
    enumeration = Enumeration.of([ask("1")])
    answers: dict[str, Page | Failure] = {
        name: page(follow=(ask(str(int(name) + 1)),)) for name in "1234"
    }
    assert run(enumeration, answers) == ["1", "2"]
    assert enumeration.coverage() == Coverage(complete=False)
