"""
What a test remembers of a run: the truth at all times, notices, noes, lies, ends and asks.

It is the reference against which what is stored is judged; all of it comes from what the
test itself did to the hosts, or from what it saw change. This module must not judge.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from permsync.model import LIVING
from tests.evidence.stored import Row, Stored
from tests.evidence.truth import ACCOUNT, REPOSITORY, History, Key


@dataclass(frozen=True, slots=True)
class Notice:
    """What a host's notice said, and when it reached the inbox; ``None`` stands for all."""

    verb: str
    host: str
    at: datetime
    person: str | None = None
    repository: str | None = None
    owner: str | None = None

    def is_about(self, key: Key, owner: str | None) -> bool:
        """Whether it takes this pair away, of which the repository has this owner."""
        return (
            self.verb in {"remove_pair", "remove_member", "drop", "delete"}
            and self.host == key.host
            and self.person in {None, key.person}
            and self.repository in {None, key.repository}
            and self.owner in {None, owner}
        )


@dataclass(frozen=True, slots=True)
class Step:
    """
    What was done between two looks.

    ``kind`` is that of a job that ended, with its ``subject`` and, of an account, the link
    that it began with; or ``notice``; or anything else.
    """

    kind: str = "other"
    subject: int = 0
    link_id: str | None = None
    lied: bool = False
    notice: Notice | None = None


@dataclass(slots=True)
class Memory:
    """Everything that counts of the past."""

    settle: timedelta
    soft: timedelta
    hard: timedelta
    fold_above: int
    history: History = field(default_factory=History)
    notices: list[Notice] = field(default_factory=list)
    noes: dict[Key, datetime] = field(default_factory=dict)
    moves: dict[tuple[str, str], datetime] = field(default_factory=dict)
    ends: dict[tuple[str, str], datetime] = field(default_factory=dict)
    lies: dict[Key, datetime] = field(default_factory=dict)
    asked: dict[int, set[str]] = field(default_factory=dict)
    denied: set[tuple[int, str, str]] = field(default_factory=set)

    def bar_of(self, key: Key, owner: str | None) -> datetime | None:
        """Up to when nothing that began may bring the pair back (R9, R11)."""
        bars = [one.at + self.settle for one in self.notices if one.is_about(key, owner)]
        bars += [at for name, at in self.moves.items() if name == (key.host, key.repository)]
        return max(bars, default=None)


@dataclass(frozen=True, slots=True)
class Look:
    """Two moments, and what was done between them."""

    before: Stored
    after: Stored
    step: Step
    memory: Memory

    def appeared(self) -> Iterator[tuple[Key, Row]]:
        """Rows that came."""
        for key, row in self.after.rows.items():
            if key not in self.before.rows:
                yield key, row

    def left(self) -> Iterator[tuple[Key, Row]]:
        """Rows that went, as they were."""
        for key, row in self.before.rows.items():
            if key not in self.after.rows:
                yield key, row

    def moved(self) -> Collection[tuple[str, str]]:
        """The repositories that were found to have another owner."""
        return {
            name
            for name, one in self.after.repositories.items()
            if name in self.before.repositories
            and self.before.repositories[name]["owner_id"] != one["owner_id"]
        }

    def is_own(self, key: Key) -> bool:
        """Whether the step was the word of this row's source, about its subject."""
        if self.step.kind == "sync_repository":
            one = self.after.repository_of(self.step.subject)
            return key.source == REPOSITORY and key[1::2] == (one["host"], one["external_id"])
        if self.step.kind in {"sync_account", "ask_account"}:
            one = self.after.account_of(self.step.subject)
            return key.source == ACCOUNT and key[1:3] == (one["host"], one["external_id"])
        return False

    def listed_from(self) -> datetime | None:
        """When the listing began that the step applied whole, if it did."""
        if self.step.kind == "sync_repository":
            was = self.before.repository_of(self.step.subject)["listed_at"]
            now: datetime | None = self.after.repository_of(self.step.subject)["listed_at"]
        elif self.step.kind == "sync_account":
            was = self.before.account_of(self.step.subject)["listed_at"]
            now = self.after.account_of(self.step.subject)["listed_at"]
        else:
            return None
        return now if now != was else None

    def learn(self) -> None:
        """Remember what this step changed, once it has been judged."""
        memory, at = self.memory, self.before.at
        for key, _ in self.left():
            if self.is_own(key) and (key.host, key.repository) not in self.moved():
                memory.noes[key] = at
        memory.moves.update(dict.fromkeys(self.moved(), at))
        for name, one in self.after.accounts.items():
            was = self.before.accounts.get(name)
            if was is not None and was["state"] in LIVING and one["state"] not in LIVING:
                memory.ends[name] = at
            is_listed = was is not None and was["listed_at"] != one["listed_at"]
            known = set() if is_listed else memory.asked.get(one["id"], set())
            memory.asked[one["id"]] = known | set(one["asks"])
