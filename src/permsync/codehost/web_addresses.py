"""
What repository a pasted address may mean: the page in a browser, or what git clones from.

What is decided here: which addresses are of a host at all, and the names that a path may
hold, the most particular first, because a page deep inside a repository is pasted as well. An
address is read and never asked for. This module must not know which repositories there are.
"""

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, unquote, urlsplit

LONGEST = 2_000
# No host nests deeper than GitLab, where a group has twenty levels at most.
DEEPEST = 22
_OF_SSH = re.compile(r"[\w.-]+@([\w.-]+):(?!//)(.+)")
_USUAL_PORTS = {80, 443}


def segments_at(address: str, *, base_url: str) -> tuple[str, ...]:
    """
    The parts of the path below ``base_url``; empty where the address is of another place.

    ``git@host:path`` and ``ssh://`` have no context path, and a port of their own.
    """
    text = address.strip()
    if not text.isprintable() or len(text) > LONGEST:
        return ()
    try:
        path = _path_at(text, urlsplit(base_url))
    except ValueError:  # a port that is no number, a bracket too many
        return ()
    parts = [unquote(part).removesuffix(".git") for part in path.split("/") if part]
    return tuple(parts[:DEEPEST]) if "".join(parts).isprintable() else ()


def names_in(segments: Sequence[str]) -> tuple[str, ...]:
    """Every beginning of two parts or more, the longest first, up to GitLab's mark ``-``."""
    named = segments[: segments.index("-")] if "-" in segments else segments
    return tuple("/".join(named[:count]) for count in range(len(named), 1, -1))


def _path_at(text: str, base: SplitResult) -> str:
    if spoken := _OF_SSH.fullmatch(text):
        return spoken[2] if _machine(spoken[1]) == _machine(base.hostname) else ""
    target = urlsplit(text if "://" in text else f"{base.scheme}://{text}")
    if _machine(target.hostname) != _machine(base.hostname):
        return ""
    if target.scheme not in {"http", "https"}:
        return target.path
    if _port(target) != _port(base):
        return ""
    prefix = f"{base.path.rstrip('/')}/"
    return target.path.removeprefix(prefix) if target.path.startswith(prefix) else ""


def _machine(name: str | None) -> str:
    return (name or "").lower().removeprefix("www.").removeprefix("ssh.")


def _port(url: SplitResult) -> int | None:
    """A port that is the usual one is the same written or not, whatever the scheme."""
    return None if url.port in _USUAL_PORTS else url.port
