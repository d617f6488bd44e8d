"""
What was changed by hand at one host, and how it was before, so that it can be mended.

Only a record: panel_actions.py writes it and mends from it. It is kept with its host, so a demo
that is started again still knows what to give back. Faults and blocked people are not in it: for
them the mended state is the same at every host.
"""

from dataclasses import dataclass, field

from permsync.simulator.repositories import Visibility


@dataclass(slots=True)
class Damage:
    """
    The state before the first change by hand, for every thing that differs from it.

    `memberships` maps a namespace to the levels of those who were taken out of it; `visibility`
    is by repository id. `life_seconds` counts only while `has_other_life` is true, because None
    means tokens that do not expire.
    """

    memberships: dict[str, dict[str, int]] = field(default_factory=dict)
    visibility: dict[int, Visibility] = field(default_factory=dict)
    has_other_life: bool = False
    life_seconds: float | None = None
