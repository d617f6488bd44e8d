"""
Which pages follow one page, where a host names them in a ``Link`` header (RFC 8288).

Decided here: numbered pages are asked for all at once, any other ``next`` is followed
exactly as it was given. This module must not know any host, or how many asks may be in
flight.
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

    The last of them follows its own ``next``, because the listing may have grown. Where it
    has none and ``is_full``, one more is asked for, which is empty today: a validator of a
    full page says nothing about what comes after it.
    """
    if ask.step.endswith(_NUMBERED):
        return ()
    links = parse_links(response)
    pages = _numbered_pages(ask.request.url, links.get("last", ""))
    if pages:
        return (*(_ask(ask, url, mark=_NUMBERED) for url in pages[:-1]), _ask(ask, pages[-1]))
    if "next" not in links:
        return (_ask(ask, _after(ask.request.url)),) if is_full else ()
    following = parse_next(links["next"], api_url=api_url)
    return following if isinstance(following, Failure) else (_ask(ask, following),)


def _ask(ask: Ask, url: str, *, mark: str = "") -> Ask:
    return replace(ask, step=ask.step + mark, request=replace(ask.request, url=url))


def _after(url: str) -> str:
    """The URL of the page after ``url``."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    present = parse_count(query.pop("page", "1")) or 1
    return parts._replace(query=urlencode({**query, "page": present + 1})).geturl()


def _numbered_pages(url: str, last: str) -> list[str]:
    """The URLs after ``url`` up to ``last``, if the two differ in nothing but ``page``."""
    try:
        ours, theirs = urlsplit(url), urlsplit(last)
    except ValueError:
        return []
    query, end = dict(parse_qsl(ours.query)), dict(parse_qsl(theirs.query))
    present = parse_count(query.pop("page", "1")) or 1
    number = parse_count(end.pop("page", None)) or 0
    if ours._replace(query="") != theirs._replace(query="") or query != end:
        return []
    numbers = range(present + 1, number + 1) if number <= MOST_PAGES else ()
    return [ours._replace(query=urlencode({**query, "page": page})).geturl() for page in numbers]
