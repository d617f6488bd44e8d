"""
``docs/refresh.md`` is what ``docs/generate_refresh.py`` writes today, and shows all there is.

Rewrite a stale page with ``python -m docs.generate_refresh``.
"""

import pytest

from docs.generate_refresh import PAGE, page
from docs.refresh_scenes import scenes
from permsync.codehost import TokenRefusal, TokenRefusalKind
from permsync.model import AccountReason
from permsync.rules.refresh import DISPROVABLE, AttemptState, Outcome

DIAGRAMS = page().split("```mermaid")[1:]


def test_the_page_says_what_the_rules_say_today() -> None:
    assert PAGE.read_text(encoding="utf-8").splitlines() == page().splitlines()


def test_the_page_shows_every_kind_of_refusal() -> None:
    shown = {one.answer.kind for one in scenes() if isinstance(one.answer, TokenRefusal)}
    assert shown == set(TokenRefusalKind)


@pytest.mark.parametrize("word", [*AttemptState, *Outcome])
def test_the_diagram_of_the_attempt_shows(word: str) -> None:
    assert word in DIAGRAMS[0]


@pytest.mark.parametrize("word", sorted(DISPROVABLE - {AccountReason.NO_REFRESH_TOKEN}))
def test_the_diagram_of_the_account_shows_the_reason(word: str) -> None:
    assert word in DIAGRAMS[1]


@pytest.mark.parametrize("word", Outcome)
def test_the_diagram_of_the_circuit_shows(word: str) -> None:
    assert word in DIAGRAMS[2]
