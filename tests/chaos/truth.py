"""
Finds the facts of accounts: from their host, from the database, from the proxy.

Sealed values are opened here with the run's own keys, to tell which of the host's pairs a
row held. This module must not judge.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from permsync.errors import PermsyncError
from permsync.flows import seal_tokens
from permsync.model import Sealed
from permsync.vault import Binding, Vault
from tests.chaos.site import Place
from tests.chaos.verdict import Facts, Pair, Written

Row = Mapping[str, Any]


async def look(
    place: Place, vault: Vault, accounts: Sequence[int], *, lived_on: frozenset[int]
) -> dict[int, Facts]:
    """
    Everything about these accounts now, by account.

    ``lived_on`` are the presentations, by their place in the proxy's list, whose process
    was not killed afterwards.
    """
    shown = {
        seen.granted
        for number, seen in enumerate(place.host_proxy.presentations)
        if seen.delivered and number in lived_on
    }
    presented = Counter(seen.token for seen in place.host_proxy.presentations)
    abandoned = Counter(seen.token for seen in place.host_proxy.presentations if seen.abandoned)
    rows = await place.database.fetch("SELECT * FROM account WHERE id = any($1)", accounts)
    person = rows[0]["login"] if len(rows) == 1 else None
    told = await place.control("show-tokens", person=person)
    pairs: dict[str, list[Pair]] = defaultdict(list)
    for each in told:
        pairs[each["person"]].append(_pair(each, shown, presented, abandoned))
    numbers = {each["refresh"]: each["number"] for each in told if each["refresh"]}
    candidates = await _candidates(place, vault, accounts)
    written = await _written(place, vault, accounts, numbers)
    attempts = await _attempts(place, accounts)
    return {
        row["id"]: Facts(
            state=row["state"],
            reason=row["reason"],
            pairs=tuple(pairs[row["login"]]),
            held=tuple(
                numbers[token]
                for token in (_opened(vault, row["id"], row), *candidates[row["id"]])
                if token in numbers
            ),
            history=tuple(written[row["id"]]),
            attempts=attempts[row["id"]],
        )
        for row in rows
    }


async def _written(
    place: Place, vault: Vault, accounts: Sequence[int], numbers: Mapping[str, int]
) -> dict[int, list[Written]]:
    history = await place.database.fetch(
        "SELECT * FROM chaos_history WHERE id = any($1) ORDER BY number", accounts
    )
    written: dict[int, list[Written]] = defaultdict(list)
    for each in history:
        pair = numbers.get(_opened(vault, each["id"], each) or "")
        one = Written(str(each["link_id"]), each["token_version"], each["state"], pair)
        written[each["id"]].append(one)
    return written


def _pair(
    told: Row, shown: set[str | None], presented: Mapping[str, int], abandoned: Mapping[str, int]
) -> Pair:
    token = told["refresh"] or ""
    return Pair(
        number=told["number"],
        family=told["family"],
        works=told["refresh_works"],
        presented=presented[token],
        abandoned=abandoned[token],
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
    except PermsyncError:
        return None


async def _candidates(place: Place, vault: Vault, accounts: Sequence[int]) -> dict[int, list[str]]:
    """The other refresh tokens of the same link that are kept for a rainy day (REFRESH 2)."""
    kept: dict[int, list[str]] = defaultdict(list)
    rows = await place.database.fetch(
        "SELECT * FROM refresh_candidate WHERE account_id = any($1)"
        " AND expires_at > clock_timestamp() ORDER BY attempt_id DESC",
        accounts,
    )
    for row in rows:
        at = Binding(
            subject="refresh_candidate",
            id=row["attempt_id"],
            link_id=str(row["link_id"]),
            field="candidate",
            version=row["for_version"],
        )
        with suppress(PermsyncError):
            token = vault.open(Sealed(row["key_id"], row["token_sealed"]), binding=at)
            kept[row["account_id"]].append(token)
    return kept


async def _attempts(place: Place, accounts: Sequence[int]) -> dict[int, Counter[tuple[str, int]]]:
    rows = await place.database.fetch(
        "SELECT account_id, link_id, for_version FROM refresh_attempt WHERE account_id = any($1)",
        accounts,
    )
    counted: dict[int, Counter[tuple[str, int]]] = defaultdict(Counter)
    for each in rows:
        counted[each["account_id"]][str(each["link_id"]), each["for_version"]] += 1
    return counted


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
