"""
The refresh model as a table: what was searched under each policy, and what was found.

    python -m tests.modelcheck.table

The first rows are the product's rules; in the others one invariant is taken out, and the
search has to notice. The worst that a policy may do is counted too: losses that a fault
excuses, because the host's commit never reached us and cannot be repeated.
"""

import sys
from dataclasses import dataclass
from functools import cache

from rich.console import Console
from rich.table import Table

from tests.modelcheck.host_side import Policy
from tests.modelcheck.moves import moves
from tests.modelcheck.promises import broken_promise, is_lost
from tests.modelcheck.search import Fault, explore
from tests.modelcheck.world import Mutation, Rules, World, begin

# On a host where the newest wins, two faults lose what one does not: a worker that slept over
# its lease with the answer in hand, and a good candidate that is refused on its only try.
SEARCHED = (
    *(Rules(policy, faults=1, relinks=1) for policy in Policy),
    *(
        Rules(policy, faults=2, relinks=0)
        for policy in Policy
        if policy is not Policy.GRACE_NEWEST_WINS
    ),
)
# Each mutation where it hurts: under the policy that forgives it least.
MUTATED = (
    Rules(Policy.FAMILY, Mutation.I1, faults=0, relinks=0),
    Rules(Policy.REVOKE_ON_FIRST_USE, Mutation.I3, faults=1, relinks=0),
    Rules(Policy.STRICT, Mutation.I4, faults=1, relinks=1),
    Rules(Policy.STRICT, Mutation.I5, faults=1, relinks=0),
    Rules(Policy.FAMILY, Mutation.SETTLE, faults=1, relinks=0),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One search: its rules, its size, the excused losses, and the first broken promise."""

    rules: Rules
    states: int
    excused: int
    fault: Fault[World] | None


@cache
def search(rules: Rules) -> Row:
    """Search everything that can happen under ``rules``."""
    lost = 0

    def count(world: World) -> None:
        nonlocal lost
        lost += is_lost(world, rules)

    found = explore(
        begin(rules),
        moves=lambda world: moves(world, rules),
        wrong=lambda world: broken_promise(world, rules),
        seen=count,
    )
    return Row(rules, found.states, lost, found.fault)


def main() -> int:
    """Print the table; the exit code is the number of rows that are not as they should be."""
    table = Table("policy", "faults", "new links", "taken out", "states", "excused losses", "found")
    wrong = 0
    for rules in (*SEARCHED, *MUTATED):
        row = search(rules)
        wrong += (row.fault is None) is not (rules.mutation is Mutation.NONE)
        found = row.fault.what if row.fault is not None else "nothing"
        facts = (
            row.rules.faults,
            row.rules.relinks,
            row.rules.mutation.value,
            row.states,
            row.excused,
        )
        table.add_row(rules.policy.value, *map(str, facts), found)
    Console(width=150).print(table)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
