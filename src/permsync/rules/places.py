"""
Whose jobs a worker takes next: a host that is slow must not take every place.

What is decided here: the last free places are kept for hosts that have no job in hand, one
each, so that work at one host waits for that host only. This module must not know a job.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Places:
    """``common`` places are for the most urgent job of any host; ``kept_for`` have one each."""

    common: int
    kept_for: tuple[str, ...] = ()


def share_places(*, most: int, held: Mapping[str, int], hosts: Collection[str]) -> Places:
    """
    Share what is free of ``most`` places; ``held`` counts the jobs in hand by host.

    With no more places than hosts there is nothing to keep: then urgency alone decides.
    """
    free = most - sum(held.values())
    if most <= len(hosts):
        return Places(free)
    idle = tuple(host for host in hosts if not held.get(host))
    return Places(max(0, free - len(idle)), idle[:free])
