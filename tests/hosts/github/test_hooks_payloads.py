"""
GitHub's own description of its webhooks has every id where the table looks for it.

What is read of the description is in ``payloads/``. An id that is not always there must not be
the only one that an action is known by, but for those that are listed with the reason.
"""

import json
from pathlib import Path

import pytest

from permsync.codehost.hooks import Rule
from permsync.simulator.happenings import Happening, What
from permsync.simulator.kinds import roles
from permsync.simulator.repositories import Account, Namespace, Repository
from tests.hosts.deliveries import hooks_of

PAYLOADS: dict[str, dict[str, bool]] = json.loads(
    (Path(__file__).parent / "payloads" / "payloads.json").read_text(encoding="utf-8")
)
# Event -> why an id that the table needs may be missing.
SOMETIMES = {"team": "only what is about one repository names it; a rule about the owner follows"}
RULES = hooks_of("github").rules


def actions_of(rule: Rule) -> list[str]:
    """The described events that this rule is the first to fit."""
    wanted = rule.when.get("action")
    names = [name for name in PAYLOADS if name.partition("/")[0] == rule.event]
    return [name for name in names if wanted is None or name.endswith(f"/{wanted}")]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.event}-{rule.notice.__name__}")
def test_every_id_stands_where_github_says(rule: Rule) -> None:
    named = actions_of(rule)
    assert named, "GitHub describes no such event"
    for name in named:
        for path in rule.ids.values():
            assert path in PAYLOADS[name], name
            assert PAYLOADS[name][path] or rule.event in SOMETIMES, name


def test_every_action_of_an_event_is_decided_or_left_out_on_purpose() -> None:
    decided = {name for rule in RULES for name in actions_of(rule)}
    assert set(PAYLOADS) - decided == {"organization/member_invited"}
    needless = {
        event
        for event in SOMETIMES
        if all(
            PAYLOADS[name][path]
            for rule in RULES
            if rule.event == event
            for name in actions_of(rule)
            for path in rule.ids.values()
        )
    }
    assert not needless


@pytest.mark.parametrize(
    "what",
    ["granted", "revoked", "left", "made_private", "removed", "installed", "suspended", "covered"],
)
def test_the_pretend_github_puts_its_ids_there_too(what: What) -> None:
    ada = Account("ada", 7, "{a-7}", "7:x", "ada", "Ada", "ada@example.com")
    about_none = what in {"left", "installed", "suspended", "covered"}
    one = None if about_none else Repository(9, "{e-9}", "core", "engine")
    told = roles()["github"].says(Happening(what, ada, one, Namespace(3, "{c-3}", "core")))
    for event, body in told:
        described = PAYLOADS[f"{event}/{body['action']}"]
        assert paths_in(body) <= set(described)


def paths_in(body: object, path: str = "") -> set[str]:
    """The paths of whole numbers called ``id``."""
    if not isinstance(body, dict):
        return {path} if path.endswith(".id") and isinstance(body, int) else set()
    found = [paths_in(inner, f"{path}.{name}" if path else name) for name, inner in body.items()]
    return set().union(*found)
