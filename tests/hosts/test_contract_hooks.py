"""
The battery that every host file passes without being named: what it makes of a webhook.

A kind without webhooks has nothing to prove here. What only one host does is in that host's
own test.
"""

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from permsync.codehost.notices import Unknown, words_of
from permsync.codehost.signatures import Delivery
from permsync.hosts import registry
from tests.hosts.deliveries import hooks_of

KINDS = tuple(kind for kind, host in registry().items() if host.hooks is not None)
each_kind = pytest.mark.parametrize("kind", KINDS)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = (
    "content-type",
    "idempotency-key",
    "webhook-signature",
    "webhook-timestamp",
    "x-event-key",
    "x-gitea-event",
    "x-github-event",
    "x-gitlab-token",
    "x-hub-signature",
    "x-hub-signature-256",
)
VALUES = st.text(st.characters(max_codepoint=255), max_size=40)
HEADERS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6)


@each_kind
@examples(max_examples=80, deadline=None)
@given(headers=HEADERS, body=st.binary(max_size=200))
def test_nothing_that_chance_sends_is_believed(
    kind: str, headers: dict[str, str], body: bytes
) -> None:
    delivery = Delivery(headers, body, datetime.now(UTC))
    secrets = ("a-secret-of-some-length", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert hooks_of(kind).refusal(delivery, secrets, tolerance=timedelta(days=9_999)) is not None


@each_kind
@examples(max_examples=120, deadline=None)
@given(chosen=st.data(), headers=HEADERS)
def test_no_body_makes_a_reader_raise(
    kind: str, chosen: st.DataObject, headers: dict[str, str]
) -> None:
    hooks = hooks_of(kind)
    event = chosen.draw(st.sampled_from([rule.event for rule in hooks.rules]))
    content = chosen.draw(JSON | st.fixed_dictionaries({}, optional=_plausible(kind)))
    if hooks.event_field and isinstance(content, dict):
        content = {**content, hooks.event_field: event}
    named = {**headers, hooks.event_header: event} if hooks.event_header else headers
    told = hooks.parse(Delivery(named, json.dumps(content).encode(), datetime.now(UTC)))
    assert not [word for word in words_of(told.notice).values() if "\x00" in word]


def _plausible(kind: str) -> dict[str, st.SearchStrategy[object]]:
    """The first names of every path that the kind's table looks at."""
    paths = [
        path for rule in hooks_of(kind).rules for path in (*rule.ids.values(), *rule.when.keys())
    ]
    words = st.sampled_from(["removed", "deleted", "private", "added", "x\x00y"])
    row = st.dictionaries(st.sampled_from(["id", "uuid", "user"]), JSON, max_size=3)
    return {path.partition(".")[0]: JSON | words | row for path in paths}


@each_kind
def test_a_rule_names_every_id_of_its_notice_and_no_other(kind: str) -> None:
    for rule in hooks_of(kind).rules:
        assert set(rule.ids) == {each.name for each in fields(rule.notice)}, rule


@each_kind
def test_no_rule_stands_in_the_shadow_of_another(kind: str) -> None:
    """A rule after one for the same event that asks for no more could never decide."""
    rules = hooks_of(kind).rules
    for number, later in enumerate(rules):
        for earlier in rules[:number]:
            if earlier.event == later.event and earlier.when.items() <= later.when.items():
                assert not set(earlier.ids.values()) <= set(later.ids.values()), later


@each_kind
def test_a_delivery_without_content_says_nothing(kind: str) -> None:
    told = hooks_of(kind).parse(Delivery({}, b"", datetime.now(UTC)))
    assert told.notice == Unknown()
