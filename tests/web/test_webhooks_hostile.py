"""
Whatever is sent to the door for hosts, proved or not: an answer of ours, and no defect.

Searched with Hypothesis over the real application and database.
"""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from structlog.testing import capture_logs

from permsync.flows.drain_webhooks import drain_webhooks
from permsync.hosts import registry
from permsync.telemetry import Event
from permsync.web.application import create_application
from tests.asgi_client import AsgiClient
from tests.webhooks import hooked, made, proofs_of
from tests.world import KINDS, World

CANARY = "words-that-nobody-should-say-back"
NAMES = ("action", "member", "repository", "organization", "sender", "user_id", "project_id", "new")
JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=20) | some.just(CANARY),
    lambda inner: some.lists(inner, max_size=2) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=6,
)
IDS = some.fixed_dictionaries({}, optional={"id": some.integers() | JSON, "uuid": JSON})
CONTENT = some.dictionaries(
    some.sampled_from(NAMES) | some.text(max_size=8), JSON | IDS, max_size=8
)
KNOWN = (
    "installation",
    "member",
    "project_update",
    "repo:deleted",
    "repo:modified",
    "repo:updated",
    "repository",
    "team",
    "user_remove_from_team",
)
HOSTS = [name for name, kind in KINDS.items() if registry()[kind].hooks is not None]
PRINTED = some.characters(codec="latin-1", exclude_categories=["Cc"])
EVENTS = some.sampled_from(KNOWN) | some.text(PRINTED, max_size=20)
SEARCH = settings(
    max_examples=40,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def hook(world: World) -> AsgiClient:
    """Return a host in front of an application with secrets for webhooks."""
    services = hooked(world).services
    return AsgiClient(create_application(services, public_url="http://127.0.0.1:8080"))


@SEARCH
@given(host=some.sampled_from(HOSTS), event=EVENTS, content=CONTENT)
async def test_whatever_a_proved_host_says_is_answered_and_carried_out(
    world: World, hook: AsgiClient, host: str, event: str, content: dict[str, object]
) -> None:
    sent = made(host, event, content)
    with capture_logs() as lines:
        answer = await hook.send("POST", f"/webhooks/{host}", [sent.body], headers=sent.headers)
        await drain_webhooks(hooked(world).services)
    assert answer.status in {202, 204}
    assert answer.body == b""
    assert Event.DEFECT not in [line["event"] for line in lines]
    assert CANARY not in str(lines)


@SEARCH
@given(
    host=some.sampled_from(HOSTS),
    body=some.binary(max_size=200),
    form=some.booleans(),
    cut=some.integers(0, 40),
)
async def test_bytes_that_are_no_json_are_kept_where_they_are_proved_and_refused_where_not(
    hook: AsgiClient, host: str, body: bytes, form: bool, cut: int
) -> None:
    proofs = proofs_of(host, body)
    assert proofs
    headers = {**made(host, "member", {}).headers, **proofs}
    if form:
        headers["content-type"] = "application/x-www-form-urlencoded"
    answer = await hook.send("POST", f"/webhooks/{host}", [body], headers=headers)
    assert answer.status in {202, 204}
    spoiled = {**headers, **{name: value[:cut] for name, value in proofs.items()}}
    answer = await hook.send("POST", f"/webhooks/{host}", [body], headers=spoiled)
    whole = all(spoiled[name] == headers[name] for name in proofs)
    assert answer.status == 401 or whole
    if not whole:
        assert json.loads(answer.body)["code"] == "webhook_refused"


async def test_the_search_reaches_the_inbox(world: World, hook: AsgiClient) -> None:
    """A search in which nothing was ever proved would prove nothing."""
    sent = made("gitlab", "user_remove_from_team", {"user_id": 1, "project_id": 2})
    other = replace(sent, headers={**sent.headers, "x-gitlab-token": CANARY})
    for each, status in ((sent, 202), (other, 401)):
        answer = await hook.send("POST", "/webhooks/gitlab", [each.body], headers=each.headers)
        assert answer.status == status
        assert CANARY not in answer.text
    assert world.services.hosts.keys() == KINDS.keys()
