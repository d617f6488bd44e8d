"""
Which pages follow one page: by a ``Link`` header (RFC 8288), or by a count of the rows.

Decided here: numbered pages are asked for all at once, any other ``next`` is followed
exactly as it was given; a page that is shorter than was asked for is not the last, because
hosts cap what may be asked for. This module must not know any host, or how many asks may be
in flight.
"""

import re
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from permsync.codehost import Ask, Failure, Response
from permsync.codehost.addresses import parse_next
from permsync.codehost.answers import parse_count

# A listing of a million repositories; beyond it the host's number is not believed.
MOST_PAGES = 10_000

# One page of a run of numbered ones: what follows it was asked for already.
_NUMBERED = ".numbered"
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_RELATION = re.compile(r"""\brel\s*=\s*"?([\w -]+)""", re.IGNORECASE)


def parse_links(response: Response) -> dict[str, str]:
    """The targets of the ``Link`` header by relation; empty without one."""
    links: dict[str, str] = {}
    for target, parameters in _LINK.findall(response.headers.get("link", "")):
        found = _RELATION.search(parameters)
        for relation in found.group(1).lower().split() if found else ():
            links.setdefault(relation, target)
    return links


def step_of(ask: Ask) -> str:
    """The step as the host file named it, without this module's mark."""
    return ask.step.removesuffix(_NUMBERED)


def parse_follow(
    ask: Ask, response: Response, *, api_url: str, is_full: bool = False
) -> tuple[Ask, ...] | Failure:
    """
    The asks that follow: every page up to ``last`` where only a number tells them apart.

    The last of them follows its own ``next``, because the listing may have grown; it comes
    first, so that nothing is left to wait for alone in the end. Where it has none and
    ``is_full``, one more is asked for, which is empty today: a validator of a full page says
    nothing about what comes after it.
    """
    if ask.step.endswith(_NUMBERED):
        return ()
    links = parse_links(response)
    pages = _numbered_pages(ask.request.url, links.get("last", ""))
    if pages:
        return (_ask(ask, pages[-1]), *(_ask(ask, url, mark=_NUMBERED) for url in pages[:-1]))
    if "next" not in links:
        return (next_page(ask),) if is_full else ()
    following = parse_next(links["next"], api_url=api_url)
    return following if isinstance(following, Failure) else (_ask(ask, following),)


def follow_counted(ask: Ask, *, count: int, total: int | None) -> tuple[Ask, ...]:
    """
    The asks that follow a page of ``count`` rows, where pages have numbers and no links.

    With ``total``, the rows that the host says there are, the first page shows how long a
    page is and so how many follow; without it the end is a page without rows.
    """
    if ask.step.endswith(_NUMBERED) or not count:
        return ()
    url = ask.request.url
    if total is None or _number_of(url) > 1 or -(-total // count) > MOST_PAGES:
        return (next_page(ask),)
    numbers = range(2, -(-total // count) + 1)
    return tuple(_ask(ask, _page(url, number), mark=_NUMBERED) for number in numbers)


def next_page(ask: Ask) -> Ask:
    """Ask for the page after this one, whatever may stand there."""
    url = ask.request.url
    return _ask(ask, _page(url, _number_of(url) + 1))


def _ask(ask: Ask, url: str, *, mark: str = "") -> Ask:
    return replace(ask, step=ask.step + mark, request=replace(ask.request, url=url))


def _number_of(url: str) -> int:
    """The number of the page at ``url``; it is the first one where it has none."""
    return parse_count(_query_of(url).get("page")) or 1


def _page(url: str, number: int) -> str:
    """The URL of the page of that number."""
    query = {name: value for name, value in _query_of(url).items() if name != "page"}
    return urlsplit(url)._replace(query=urlencode({**query, "page": number})).geturl()


def _numbered_pages(url: str, last: str) -> list[str]:
    """The URLs after ``url`` up to ``last``, if the two differ in nothing but ``page``."""
    try:
        ours, theirs = (urlsplit(_page(one, 1)) for one in (url, last))
        number = _number_of(last)
    except ValueError:
        return []
    if ours._replace(query="") != theirs._replace(query="") or number > MOST_PAGES:
        return []
    if _query_of(ours.geturl()) != _query_of(theirs.geturl()):
        return []
    return [_page(url, one) for one in range(_number_of(url) + 1, number + 1)]


def _query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))
