"""
What a set of OAuth scopes says and what it lacks (RFC 6749 3.3).

Hosts write scopes in their own ways and report only the widest name of a family; the
comparison is made here once. This module must not know any host's names: each host file
brings the table of its families.
"""

from collections.abc import Iterable, Mapping


def parse_scopes(value: object) -> frozenset[str] | None:
    """Scopes separated by spaces or, at GitHub, by commas; ``None`` where nothing is said."""
    if isinstance(value, str) and value.isprintable():
        return frozenset(value.replace(",", " ").split())
    return None


def missing_scopes(
    *,
    needed: Iterable[str],
    granted: frozenset[str] | None,
    implied: Mapping[str, tuple[str, ...]],
) -> frozenset[str]:
    """
    The needed scopes that ``granted`` lacks, where a wider scope stands for its parts.

    ``implied`` names the scopes directly inside each wider one. Hosts report the widest
    name only, so a comparison of names would find scopes missing that are there.
    """
    if granted is None:
        return frozenset()
    held, fresh = set(granted), list(granted)
    while fresh:
        inside = set(implied.get(fresh.pop(), ())) - held
        held |= inside
        fresh.extend(inside)
    return frozenset(needed) - held
