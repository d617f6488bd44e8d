"""
Which repositories may be mirrored at all: those of the owners that the operator named.

People's private repositories elsewhere are none of our business, so what is not included
is never stored. This module must not know the settings' file.
"""

from collections.abc import Iterable

from permsync.codehost import ListedRepository

ALL = "*"


def included(
    repositories: Iterable[ListedRepository], include: frozenset[str]
) -> tuple[ListedRepository, ...]:
    """
    Keep the repositories whose owner is included, once each (the last one seen counts).

    ``include`` holds organisations, groups (which include their subgroups) or projects,
    compared without case as the hosts do, or ``*``.
    """
    wanted = _names(include)
    kept = {one.external_id: one for one in repositories if _is_within(one.owner, wanted)}
    return tuple(kept.values())


def included_by(owner: str, include: frozenset[str]) -> str | None:
    """By which of these names one owner is included, if it is."""
    return next((name for name in sorted(include) if _is_within(owner, _names({name}))), None)


def _names(include: Iterable[str]) -> frozenset[str]:
    return frozenset(name.casefold().strip("/") for name in include)


def _is_within(owner: str, wanted: frozenset[str]) -> bool:
    return ALL in wanted or not wanted.isdisjoint(_owners(owner))


def _owners(owner: str) -> Iterable[str]:
    """``a/b/c`` belongs to ``a``, ``a/b`` and ``a/b/c``."""
    parts = owner.casefold().split("/")
    return ("/".join(parts[:end]) for end in range(1, len(parts) + 1))
