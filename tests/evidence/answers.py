"""
The invariants that are about answers: who is allowed what, held against the truth so far.

Every decision of every person is looked at, also those that should be yes and are not. This
module must not change anything, nor know how a decision is made.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from permsync.model import LIVING, Decision, Reason
from tests.evidence.memory import Memory
from tests.evidence.promises import BrokenPromiseError
from tests.evidence.stored import Columns, Stored
from tests.evidence.truth import ACCOUNT, REPOSITORY, Key

Allowed = Mapping[tuple[str, str], Decision]
OPEN = frozenset({Reason.OPEN_PUBLIC, Reason.OPEN_INTERNAL})
DISABLED = "disabled_at_host"


def check_answers(memory: Memory, stored: Stored, user_id: int, allowed: Allowed) -> None:
    """Judge what one person is allowed, and what not; raises ``BrokenPromiseError``."""
    accounts = [one for one in stored.accounts.values() if one["user_id"] == user_id]
    for name, decision in allowed.items():
        if (user_id, *name) in memory.denied:
            raise BrokenPromiseError(f"I11: an explicit deny holds for all accounts: {name}")
        if decision.reason in OPEN:
            if not memory.history.was_open(*name, after=stored.at - memory.hard):
                raise BrokenPromiseError(f"I6: open without a sight of it: {name}")
        elif decision.reason is Reason.GRANT:
            _check_grant(memory, stored, accounts, name)
    for name, key in _held(memory, stored, accounts, user_id):
        if name not in allowed:
            raise BrokenPromiseError(f"Promise 3: denied with a row within the hard age: {key}")


def _check_grant(
    memory: Memory, stored: Stored, accounts: list[Columns], name: tuple[str, str]
) -> None:
    """I6 and I9: some source said yes within the hard age, and after access last ended."""
    yes = [
        (key, one)
        for one in accounts
        if one["host"] == name[0] and one["state"] in LIVING
        for key in _keys(one, name[1])
        if memory.history.was_held(key, after=stored.at - memory.hard)
    ]
    if not yes:
        raise BrokenPromiseError(f"I6: allowed without a yes within the hard age: {name}")
    if not any(memory.history.was_held(key, after=_ended(memory, key, one)) for key, one in yes):
        raise BrokenPromiseError(f"I9: allowed by a yes from before access ended: {name}")


def _ended(memory: Memory, key: Key, account: Columns) -> datetime:
    """Since when this source's word counts for this account (R10)."""
    counts = key.source == ACCOUNT or account["ended_reason"] == DISABLED
    ended = memory.ends.get((key.host, key.person)) if counts else None
    return ended or account["linked_at"].replace(year=2000)


def _keys(account: Columns, repository: str) -> tuple[Key, Key]:
    pair = (account["host"], account["external_id"], repository)
    return Key(ACCOUNT, *pair), Key(REPOSITORY, *pair)


def _held(
    memory: Memory, stored: Stored, accounts: list[Columns], user_id: int
) -> Iterator[tuple[tuple[str, str], Key]]:
    """The pairs that the person holds a row for which nothing speaks against."""
    for one in accounts:
        if one["state"] not in LIVING or one["disabled_at"] is not None:
            continue
        for key, row in stored.rows.items():
            name = (key.host, key.repository)
            if key[1:3] != (one["host"], one["external_id"]) or row.age is None:
                continue
            ended = one["ended_at"] if key.source == ACCOUNT else None
            if key.source == REPOSITORY and one["ended_reason"] == DISABLED:
                ended = one["ended_at"]
            counts = ended is None or row.age > ended
            fresh = stored.at - row.age <= memory.hard
            gone = stored.repositories[name]["gone_at"] is not None
            if counts and fresh and not gone and (user_id, *name) not in memory.denied:
                yield name, key
