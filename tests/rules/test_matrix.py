"""
The access matrix is committed text: a change of policy is a difference to review.

To rewrite ``tests/snapshots/access.txt`` after a change that is meant:

    UPDATE_SNAPSHOTS=1 .venv/bin/python -m pytest tests/rules/test_matrix.py
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import groupby, product
from pathlib import Path

from permsync.model import AccountState, Decision, Reason, Source, Verdict, Visibility
from tests.rules.examples import NOW, ago
from tests.rules.matrix import RULES, SECTIONS, USERS, Case, answer, multiplied

SNAPSHOT = Path(__file__).resolve().parents[1] / "snapshots" / "access.txt"
HEAD = """\
The access matrix: what permsync.rules.access decides, one case a line.

tests/rules/test_matrix.py compares this text on every run. A change of policy is a change
of this file; rewrite it, and review the difference, with

    UPDATE_SNAPSHOTS=1 .venv/bin/python -m pytest tests/rules/test_matrix.py

Soft age 26 h, hard age 72 h; fresh is 1 h, stale 30 h, too old 80 h.
ended since     access through the account ended after that listing
partly fresh    a partial listing saw the row 2 h ago; the last complete one is too old
missed, ...     the last complete listing did not contain the row, which has its own age
source "-"      there is no row; the age is that of the account's listing
seen ...        when the repository was last seen open
internal        (open): at this host it means every unrestricted account
a member        its own listing has another internal repository of the same enterprise

Columns: the case, verdict, reason, basis, evidence used, the last instant at which it holds.
"""

MULTIPLIED = tuple(multiplied())

# Reasons that no case of the matrix can give; an entry that is given fails as well.
NEVER_GIVEN: frozenset[Reason] = frozenset()


def _hours(instant: datetime | None) -> str:
    return "-" if instant is None else f"{(instant - NOW).total_seconds() / 3600:+.0f} h"


def _line(case: Case) -> str:
    decision = answer(case.facts)
    cells = (
        f"{case.words[0]:32}{case.words[1]:21}",
        f"{decision.verdict:6}{decision.reason:20}",
        f"{'+'.join(decision.basis) or '-':17}",
        f"{_hours(decision.synced_at):>6}{' stale' if decision.stale else '':6}",
        f"{_hours(decision.valid_until):>6}",
    )
    return "".join(cells).rstrip()


def _text() -> Iterator[str]:
    yield HEAD
    for title, cases in SECTIONS.items():
        yield f"\n\n{title}\n{'=' * len(title)}\n"
        for group, members in groupby(cases(), key=lambda case: case.group):
            yield f"\n# {group}\n"
            yield from (f"{_line(case)}\n" for case in members)


def test_the_matrix_is_the_committed_one() -> None:
    text = "".join(_text())
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert text.splitlines() == SNAPSHOT.read_text(encoding="utf-8").splitlines()


def _decisions() -> Iterator[Decision]:
    for cases in SECTIONS.values():
        yield from (answer(case.facts) for case in cases())


def test_the_matrix_gives_every_reason_but_the_exempt() -> None:
    given = {decision.reason for decision in _decisions()}
    assert set(Reason) - given == NEVER_GIVEN


def test_every_case_of_the_matrix_is_told_apart() -> None:
    """Two cases of one name would hide each other in a difference."""
    named = [
        (title, case.group, *case.words) for title, cases in SECTIONS.items() for case in cases()
    ]
    assert len(named) == len(set(named))


def test_the_matrix_covers_every_word_of_the_model() -> None:
    accounts = [one for case in MULTIPLIED for one in case.facts.accounts]
    rows = [row for one in accounts for row in one.grants]
    assert {one.state for one in accounts} == set(AccountState)
    assert {row.source for row in rows} == set(Source) - {Source.EXPLICIT}
    repositories = [case.facts.repository for case in MULTIPLIED]
    assert {one.visibility for one in repositories if one is not None} == set(Visibility)


def test_a_disabled_or_unknown_user_is_denied_in_every_case() -> None:
    """Why the matrix has no line per user: the full product has one answer."""
    reasons = {"disabled": Reason.USER_DISABLED, "unknown": Reason.UNKNOWN_USER}
    for case, (user, reason) in product(MULTIPLIED, reasons.items()):
        facts = replace(case.facts, user=USERS[user], rules=RULES["allow"])
        assert answer(facts) == Decision(verdict=Verdict.DENY, reason=reason)


def test_an_explicit_rule_means_the_same_in_every_case() -> None:
    """Why the matrix has no line per rule."""
    for case in MULTIPLIED:
        plain = answer(case.facts)
        ruled = {name: answer(replace(case.facts, rules=rules)) for name, rules in RULES.items()}
        assert ruled["none"] == ruled["allow, expired"] == ruled["deny, expired"] == plain
        assert ruled["deny"] == ruled["allow and deny"]
        assert ruled["deny"].reason is Reason.EXPLICIT_DENY
        assert ruled["deny for 5 h"] == replace(ruled["deny"], valid_until=ago(-5))
        assert ruled["allow"].reason is Reason.EXPLICIT_ALLOW
        longer = plain if plain.verdict is Verdict.ALLOW else ruled["allow for 5 h"]
        assert ruled["allow for 5 h"] == longer
        assert longer.verdict is Verdict.ALLOW
