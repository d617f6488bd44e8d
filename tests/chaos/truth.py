"""
Finds the facts of one account: from its host, from its database, from the proxy.

Sealed values are opened here with the run's own keys, to tell which of the host's pairs a
row held. This module must not judge.
"""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from permsync.errors import OperatorError, PermsyncError
from permsync.flows import seal_tokens
from permsync.model import Sealed
from permsync.vault import Vault
from tests.chaos.site import Place
from tests.chaos.verdict import Facts, Pair, Written

Row = Mapping[str, Any]


async def look(
    place: Place, vault: Vault, account: int, *, person: str, lived_on: frozenset[int]
) -> Facts:
    """
    Everything about one account now.

    ``lived_on`` are the presentations, by their place in the proxy's list, whose process
    was not killed afterwards.
    """
    shown = {
        seen.granted
        for number, seen in enumerate(place.host_proxy.presentations)
        if seen.delivered and number in lived_on
    }
    told = await place.control("show-tokens", person=person)
    presented = Counter(seen.token for seen in place.host_proxy.presentations)
    pairs = tuple(_pair(each, shown, presented) for each in told)
    numbers = {each["refresh"]: each["number"] for each in told if each["refresh"]}
    row = await place.database.fetchrow("SELECT * FROM account WHERE id = $1", account)
    history = await place.database.fetch(
        "SELECT * FROM chaos_history WHERE id = $1 ORDER BY number", account
    )
    return Facts(
        state=row["state"],
        reason=row["reason"],
        pairs=pairs,
        held=tuple(numbers[token] for token in (_opened(vault, account, row),) if token in numbers),
        history=tuple(
            Written(
                str(each["link_id"]),
                each["token_version"],
                each["state"],
                numbers.get(_opened(vault, account, each) or ""),
            )
            for each in history
        ),
        attempts=await _attempts(place, account),
    )


def _pair(told: Row, shown: set[str | None], presented: Mapping[str, int]) -> Pair:
    return Pair(
        number=told["number"],
        family=told["family"],
        works=told["refresh_works"],
        presented=presented[told["refresh"]] if told["refresh"] else 0,
        shown=told["access"] in shown,
        parent=told["parent"],
    )


def _opened(vault: Vault, account: int, row: Row) -> str | None:
    """The refresh token of a row; nothing where there is none or it was damaged."""
    if row["refresh_sealed"] is None:
        return None
    place = seal_tokens.binding(
        account_id=account,
        link_id=str(row["link_id"]),
        field=seal_tokens.REFRESH,
        version=row["token_version"],
    )
    try:
        return vault.open(Sealed(row["key_id"], row["refresh_sealed"]), binding=place)
    except (OperatorError, PermsyncError):
        return None


async def _attempts(place: Place, account: int) -> Counter[tuple[str, int]]:
    rows = await place.database.fetch(
        "SELECT link_id, for_version FROM refresh_attempt WHERE account_id = $1", account
    )
    return Counter((str(each["link_id"]), each["for_version"]) for each in rows)


def as_json(facts: Facts) -> str:
    """The facts for a person who wants to know why."""
    return json.dumps(
        {
            "state": facts.state,
            "reason": facts.reason,
            "held": facts.held,
            "pairs": [
                (pair.number, pair.family, pair.works, pair.presented, pair.shown)
                for pair in facts.pairs
            ],
            "history": [(one.link, one.version, one.state, one.pair) for one in facts.history],
        }
    )
