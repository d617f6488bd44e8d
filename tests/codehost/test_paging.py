"""Which pages follow one page: numbered ones at once, any other link as it was given."""

from dataclasses import replace

import pytest

from permsync.codehost import Ask, Failure, FailureKind, Request, Response
from permsync.codehost.paging import (
    MOST_PAGES,
    follow_counted,
    next_page,
    parse_follow,
    parse_links,
    step_of,
)

API = "https://api.example/v3"
URL = f"{API}/things?size=100"
ASK = Ask("things", Request("GET", URL, {"accept": "x"}), about="7")


def _with(link: str) -> Response:
    return Response(200, {"link": link}, b"")


def _links(**links: str) -> Response:
    return _with(", ".join(f'<{url}>; rel="{name}"' for name, url in links.items()))


def _follow(response: Response, ask: Ask = ASK) -> tuple[Ask, ...]:
    follow = parse_follow(ask, response, api_url=API)
    assert isinstance(follow, tuple), follow
    return follow


def _urls(asks: tuple[Ask, ...]) -> list[str]:
    return [ask.request.url for ask in asks]


@pytest.mark.parametrize(
    ("header", "links"),
    [
        ('<https://a.example/?p=2>; rel="next"', {"next": "https://a.example/?p=2"}),
        ("<https://a.example/>; rel=next", {"next": "https://a.example/"}),
        ('<a>; rel="next last"', {"next": "a", "last": "a"}),
        ('<a>; title="x"; REL="Next" , <b>;rel=last', {"next": "a", "last": "b"}),
        # The first of two counts (RFC 8288 3.3), and commas may be part of an address.
        ('<a>; rel="next", <b>; rel="next"', {"next": "a"}),
        ('<a?x=1,2>; rel="next"', {"next": "a?x=1,2"}),
        # Nothing that can be understood.
        ("", {}),
        ("<a>", {}),
        ("a; rel=next", {}),
        ("<a; rel=next", {}),
    ],
)
def test_links_are_read_by_their_relation(header: str, links: dict[str, str]) -> None:
    assert parse_links(_with(header)) == links


def test_without_links_nothing_follows() -> None:
    assert _follow(Response(200, {}, b"")) == ()


def test_numbered_pages_are_asked_for_at_once_and_first_the_one_that_may_lead_on() -> None:
    asks = _follow(_links(next=f"{URL}&page=2", last=f"{URL}&page=4"))
    assert _urls(asks) == [f"{URL}&page={number}" for number in (4, 2, 3)]
    assert {step_of(ask) for ask in asks} == {"things"}
    assert {ask.about for ask in asks} == {"7"}
    assert all(ask.request.headers == {"accept": "x"} for ask in asks)


def test_what_follows_a_numbered_page_was_asked_for_already() -> None:
    answered = _links(next=f"{URL}&page=3", last=f"{URL}&page=4")
    second = _follow(_links(next=f"{URL}&page=2", last=f"{URL}&page=4"))[1]
    assert _follow(answered, second) == ()


def test_the_last_numbered_page_follows_a_listing_that_grew() -> None:
    last = _follow(_links(next=f"{URL}&page=2", last=f"{URL}&page=4"))[0]
    assert _follow(Response(200, {}, b""), last) == ()
    grown = _links(next=f"{URL}&page=5", last=f"{URL}&page=5")
    assert _urls(_follow(grown, last)) == [f"{URL}&page=5"]


@pytest.mark.parametrize(
    "last",
    [
        f"{API}/users/9/things?size=100&page=4",  # another path
        f"{URL}&cursor=x&page=4",  # another parameter
        f"{API}/things?page=4",  # one less
        "https://evil.example/v3/things?size=100&page=4",
        f"{URL}&page=four",
        f"{URL}&page={MOST_PAGES + 1}",
        f"{URL}&page={'9' * 40}",
        "https://[/",
    ],
)
def test_a_last_page_that_differs_in_more_than_its_number_is_not_counted_up_to(last: str) -> None:
    following = f"{API}/users/9/things?size=100&page=2"
    assert _urls(_follow(_links(next=following, last=last))) == [following]


def test_a_link_to_another_origin_is_a_failure() -> None:
    refused = parse_follow(ASK, _links(next="https://evil.example/?page=2"), api_url=API)
    assert isinstance(refused, Failure)
    assert refused.kind is FailureKind.FOREIGN_LINK


@pytest.mark.parametrize(
    ("url", "after"),
    [
        (URL, f"{URL}&page=2"),
        (f"{URL}&page=7", f"{URL}&page=8"),
        (f"{API}/user/9/things?page=2", f"{API}/user/9/things?page=3"),
    ],
)
def test_one_page_beyond_a_full_last_page_is_asked_for(url: str, after: str) -> None:
    """A validator of a full page says nothing about what comes after it."""
    ask = Ask("things", Request("GET", url, {"accept": "x"}), about="7")
    follow = parse_follow(ask, _links(), api_url=API, is_full=True)
    assert isinstance(follow, tuple)
    assert _urls(follow) == [after]
    assert follow[0].about == "7"


def test_a_full_page_that_has_a_next_one_is_followed_as_ever() -> None:
    follow = parse_follow(ASK, _links(next=f"{URL}&page=2"), api_url=API, is_full=True)
    assert isinstance(follow, tuple)
    assert _urls(follow) == [f"{URL}&page=2"]


# Pages by a count


def test_the_first_page_and_the_total_tell_how_many_pages_there_are() -> None:
    """A host may give less than was asked for: what it gave is the size (HOSTS 1.3 #18)."""
    asks = follow_counted(ASK, count=30, total=61)
    assert _urls(asks) == [f"{URL}&page={number}" for number in (2, 3)]
    assert {step_of(ask) for ask in asks} == {"things"}
    assert [follow_counted(ask, count=30, total=61) for ask in asks] == [(), ()]


@pytest.mark.parametrize(("count", "total"), [(30, 30), (30, 7), (0, 0), (0, 90), (0, None)])
def test_nothing_follows_what_is_all_there_is(count: int, total: int | None) -> None:
    assert follow_counted(ASK, count=count, total=total) == ()


@pytest.mark.parametrize("total", [None, 100 * MOST_PAGES + 1])
def test_without_a_total_to_believe_pages_are_asked_for_up_to_an_empty_one(
    total: int | None,
) -> None:
    (second,) = follow_counted(ASK, count=100, total=total)
    assert second.request.url == f"{URL}&page=2"
    (third,) = follow_counted(second, count=1, total=total)
    assert third.request.url == f"{URL}&page=3"
    assert follow_counted(third, count=0, total=total) == ()


def test_the_page_after_a_page_is_of_the_same_kind() -> None:
    second = next_page(ASK)
    assert second == replace(ASK, request=replace(ASK.request, url=f"{URL}&page=2"))
    assert next_page(second).request.url == f"{URL}&page=3"
