"""
The door for hosts: what each answer is, and that it says nothing of theirs.

What is made of a delivery is the flows' business.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from permsync.flows.authenticate_key import Scope as KeyScope
from permsync.flows.drain_webhooks import drain_webhooks
from permsync.store.engine import Database
from permsync.telemetry import Event
from permsync.web.application import create_application
from tests.asgi_client import Answer, AsgiClient
from tests.web.visitors import CallWith
from tests.webhooks import Sent, github, gitlab, hooked, inbox, waiting
from tests.world import PUBLIC_URL, World

MEBIBYTE = 1 << 20
REMOVED = {"user_id": 41, "project_id": 74, "user_email": "js@example.com"}
WORDS = "words-of-the-host-that-nobody-reads"


@pytest.fixture
def hook(world: World) -> AsgiClient:
    """Return a host in front of an application with secrets for webhooks."""
    return AsgiClient(create_application(hooked(world).services, public_url=PUBLIC_URL))


async def post(hook: AsgiClient, sent: Sent, *, at: str | None = None) -> Answer:
    """Send a delivery as its host does."""
    path = f"/webhooks/{at or sent.host}"
    return await hook.send("POST", path, [sent.body], headers=sent.headers)


async def test_an_accepted_delivery_is_in_the_inbox_when_it_is_answered(
    world: World, hook: AsgiClient
) -> None:
    answer = await post(hook, gitlab("user_remove_from_team", REMOVED))
    assert (answer.status, answer.body) == (202, b"")
    assert await waiting(world) == 1
    assert answer.header("set-cookie") is None


async def test_a_duplicate_and_what_says_nothing_are_answered_well(
    world: World, hook: AsgiClient
) -> None:
    sent = gitlab("user_remove_from_team", REMOVED)
    assert (await post(hook, sent)).status == 202
    await drain_webhooks(hooked(world).services)
    for again in (sent, gitlab("push", {}), github("ping", {})):
        answer = await post(hook, again)
        assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize("at", ["nowhere", "bitbucket", "x" * 300, "%00"])
async def test_a_host_without_webhooks_is_no_host(world: World, at: str) -> None:
    services = hooked(world, "gitlab").services
    hook = AsgiClient(create_application(services, public_url=PUBLIC_URL))
    answer = await post(hook, gitlab("user_remove_from_team", REMOVED), at=at)
    assert (answer.status, answer.json["code"]) == (404, "unknown_host")
    assert at not in answer.text


async def test_a_delivery_that_is_not_proved_is_a_problem_in_our_words(
    world: World, hook: AsgiClient
) -> None:
    wrong = gitlab("user_remove_from_team", {**REMOVED, "x": WORDS}, token=WORDS)
    with capture_logs() as lines:
        answer = await post(hook, wrong)
    assert answer.status == 401
    assert answer.media_type == "application/problem+json"
    assert answer.json["code"] == "webhook_refused"
    assert answer.json["reason"] == "signature_wrong"
    assert WORDS not in answer.text
    assert await inbox(world) == []
    (line,) = [each for each in lines if each["event"] == Event.WEBHOOK_REFUSED]
    assert line["reason"] == "signature_wrong"
    assert WORDS not in str(line)


async def test_githubs_delivery_at_gitlabs_address_is_refused(hook: AsgiClient) -> None:
    answer = await post(hook, github("ping", {}), at="gitlab")
    assert (answer.status, answer.json["reason"]) == (401, "signature_missing")


async def test_a_signature_written_twice_is_none(hook: AsgiClient) -> None:
    """Two headers of one name, whichever of them a proxy looked at."""
    sent = gitlab("push", {})
    token = sent.headers["x-gitlab-token"].encode()

    async def twice(scope: Scope, receive: Receive, send: Send) -> None:
        scope["headers"].append((b"x-gitlab-token", token))
        await application(scope, receive, send)

    assert (await post(hook, sent)).status == 204
    application, hook.app = hook.app, twice
    assert (await post(hook, sent)).status == 401


async def test_no_session_and_no_token_of_a_form_is_asked_for(
    world: World, program: CallWith
) -> None:
    """Nothing that a browser holds counts here, so there is nothing to misuse."""
    hook = AsgiClient(create_application(hooked(world).services, public_url=PUBLIC_URL))
    hook.cookies = {"permsync_session": "somebody"}
    sent = gitlab("push", {}, token="wrong")
    sent.headers["origin"] = "https://evil.example"
    assert (await post(hook, sent)).status == 401
    caller = await program(KeyScope.ADMIN)
    caller.app = hook.app
    assert (await post(caller, sent)).status == 401


async def test_only_posts_are_answered(hook: AsgiClient) -> None:
    assert (await hook.get("/webhooks/gitlab")).status == 405


def of_size(size: int) -> Iterator[bytes]:
    """A body of so many bytes, in parts."""
    part = b"x" * 65_536
    for _ in range(size // len(part)):
        yield part


async def test_a_body_beyond_the_limit_is_refused_before_it_is_read(world: World) -> None:
    """HOSTS: GitHub may send 25 MB; what concerns permissions is small."""
    services = hooked(world).services
    app = create_application(services, public_url=PUBLIC_URL, webhook_limit=2 * MEBIBYTE)
    hook = AsgiClient(app)
    headers = gitlab("push", {}).headers
    answer = await hook.send("POST", "/webhooks/gitlab", of_size(25 * MEBIBYTE), headers=headers)
    assert (answer.status, answer.json["code"]) == (413, "body_too_large")
    whole = await hook.send("POST", "/webhooks/gitlab", of_size(MEBIBYTE), headers=headers)
    assert whole.status == 204
    other = await hook.send("POST", "/signin", of_size(25 * MEBIBYTE), headers=headers)
    assert other.status in {405, 413}


async def test_without_a_database_the_host_is_told_to_come_again(world: World) -> None:
    services = hooked(world).services
    nowhere = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    app = create_application(replace(services, database=nowhere), public_url=PUBLIC_URL)
    answer = await post(AsgiClient(app), gitlab("user_remove_from_team", REMOVED))
    assert (answer.status, answer.json["code"]) == (503, "database_unavailable")
    await nowhere.close()
