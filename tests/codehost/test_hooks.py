"""Reading a delivery by a host's table: what is not written down there is kept quietly."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from permsync.codehost.hooks import Hooks, Reading, Rule, number_of
from permsync.codehost.notices import MemberRemoved, Notice, Ping, RepositoryChanged, Unknown
from permsync.codehost.signatures import BodySignature, Delivery, Refusal

SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
SECRET = "It's a Secret to Everybody"
PAIR = {"person": "member.id", "repository": "repository.id"}
HOOKS = Hooks(
    scheme=BodySignature("x-hub-signature-256"),
    event_header="x-event",
    delivery_headers=("x-delivery", "x-other-delivery"),
    rules=(
        Rule("ping", Ping),
        Rule("member", MemberRemoved, PAIR, {"action": "removed"}),
        Rule("member", RepositoryChanged, {"repository": "repository.id"}),
    ),
)


def deliver(body: bytes = b"{}", **headers: str) -> Delivery:
    """A delivery with these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Delivery(named, body, datetime.now(UTC))


def parse(content: Any, event: str = "member") -> Notice:
    """The notice of a JSON body."""
    return HOOKS.parse(deliver(json.dumps(content).encode(), x_event=event)).notice


def test_the_first_rule_that_fits_decides() -> None:
    body = {"action": "removed", "member": {"id": 7}, "repository": {"id": 9}}
    assert parse(body) == MemberRemoved(person="7", repository="9")
    assert parse({**body, "action": "edited"}) == RepositoryChanged(repository="9")
    assert parse(body, "ping") == Ping()
    assert parse(body, "push") == Unknown()


def test_a_rule_whose_ids_are_missing_does_not_fit() -> None:
    assert parse({"action": "removed", "repository": {"id": 9}}) == RepositoryChanged("9")
    assert parse({"action": "removed", "member": {"id": 7}}) == Unknown()


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"null", b"7", b"[" * 100_000])
def test_a_body_that_is_no_object_is_unknown(body: bytes) -> None:
    assert HOOKS.parse(deliver(body, x_event="member")).notice == Unknown()


@pytest.mark.parametrize("value", [0, -1, 2**63, 1.0, True, "7", None, [7], {"id": 7}])
def test_what_is_no_whole_number_is_no_id(value: object) -> None:
    assert number_of(value) is None
    assert parse({"repository": {"id": value}}) == Unknown()


def test_the_largest_id_is_one() -> None:
    assert number_of(2**63 - 1) == str(2**63 - 1)


def test_a_form_holds_the_json_in_its_payload() -> None:
    content = json.dumps({"repository": {"id": 9}})
    form = "application/x-www-form-urlencoded; charset=utf-8"
    body = urlencode({"payload": content}).encode()
    told = HOOKS.parse(deliver(body, x_event="member", content_type=form))
    assert told.notice == RepositoryChanged("9")
    for hostile in (b"", b"payload", b"a=1&payload=%7B%7D", b"other=%7B%7D", b"\xff=1"):
        told = HOOKS.parse(deliver(hostile, x_event="member", content_type=form))
        assert told.notice == Unknown()


def test_the_name_of_an_event_may_stand_in_the_body() -> None:
    hooks = Hooks(HOOKS.scheme, HOOKS.rules, (), event_field="event.name")
    body = json.dumps({"event": {"name": "ping"}}).encode()
    assert hooks.parse(deliver(body, x_event="member")) == Reading("ping", "", Ping())
    assert hooks.parse(deliver(b"{}")) == Reading("", "", Unknown())


def test_the_first_delivery_id_that_was_sent_counts() -> None:
    both = deliver(x_event="ping", x_delivery="one", x_other_delivery="two")
    assert HOOKS.parse(both).delivery_id == "one"
    empty = deliver(x_event="ping", x_delivery="", x_other_delivery="two")
    assert HOOKS.parse(empty).delivery_id == "two"
    assert HOOKS.parse(deliver(x_event="ping")).delivery_id == ""


def test_names_from_outside_are_short_and_plain() -> None:
    told = HOOKS.parse(deliver(x_event="push\x1b[2J", x_delivery="x" * 5_000))
    assert told.event == ""
    assert len(told.delivery_id) == 100


def test_without_a_secret_nothing_is_believed() -> None:
    signed = deliver(b"Hello, World!", x_hub_signature_256=SIGNATURE)
    minute = timedelta(minutes=1)
    assert HOOKS.refusal(signed, (), tolerance=minute) is Refusal.SECRET_UNSET
    assert HOOKS.refusal(signed, (SECRET,), tolerance=minute) is None


@pytest.mark.parametrize("stranger", ["x-gitea-event", "x-forgejo-event", "x-gogs-event"])
def test_another_hosts_traffic_with_these_headers_is_refused(stranger: str) -> None:
    """HOSTS 6.5: Gitea sends GitHub's headers too, signature included."""
    headers = {"x-hub-signature-256": SIGNATURE, stranger: "push"}
    delivery = Delivery(headers, b"Hello, World!", datetime.now(UTC))
    refused = HOOKS.refusal(delivery, (SECRET,), tolerance=timedelta(minutes=1))
    assert refused is Refusal.FOREIGN_HOST
