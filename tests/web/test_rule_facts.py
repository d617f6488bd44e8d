"""A rule is told with what it says, until when, by whom, and what it is about."""

from dataclasses import replace
from datetime import UTC, datetime

from permsync.model import Repository, Verdict, Visibility
from permsync.store.explicit_rules import ListedRule, StoredRule, Wish
from permsync.web.rule_facts import rule_facts

AT = datetime(2030, 1, 31, 18, tzinfo=UTC)
RULE = StoredRule(
    id=4,
    wish=Wish(17, 42, Verdict.DENY, expires_at=AT, note="audit"),
    actor="key:admin",
    created_at=AT,
)
ABOUT = Repository(
    id=42,
    host="github",
    external_id="583231",
    owner_id="7",
    full_name="acme/engine",
    visibility=Visibility.PRIVATE,
    visibility_at=AT,
)


def test_ids_are_strings_and_the_repository_has_its_name() -> None:
    facts = rule_facts(ListedRule(RULE, ABOUT))
    assert (facts.id, facts.user, facts.effect) == ("4", "17", Verdict.DENY)
    assert (facts.expires_at, facts.note, facts.actor) == (AT, "audit", "key:admin")
    about = facts.repository.model_dump()
    assert about == {
        "id": "42",
        "host": "github",
        "external_id": "583231",
        "full_name": "acme/engine",
    }


def test_a_rule_without_end_or_note_has_neither() -> None:
    plain = replace(RULE, wish=Wish(17, 42, Verdict.ALLOW))
    facts = rule_facts(ListedRule(plain, ABOUT))
    assert (facts.effect, facts.expires_at, facts.note) == (Verdict.ALLOW, None, None)
