"""What Bitbucket Cloud's webhooks say of what happens, and how they are proved."""

from typing import get_args

from permsync.simulator.happenings import What
from tests.simulator.tellings import PEOPLE, digest, made, said

PING: What = "ping"


def test_nothing_is_said_about_people() -> None:
    for what in (*PEOPLE, PING):
        assert said("bitbucket_cloud", what, repository=None) == []


def test_it_is_said_what_became_of_a_repository() -> None:
    events = {
        "created": "repo:created",
        "removed": "repo:deleted",
        "renamed": "repo:updated",
        "transferred": "repo:transfer",
        "made_private": "repo:updated",
    }
    for what in get_args(What):
        told = said("bitbucket_cloud", what, was="core/old")
        if what in events:
            ((event, body),) = told
            assert event == events[what]
            assert body["repository"]["uuid"] == "{r-9}"


def test_the_body_is_signed_in_the_older_header() -> None:
    sent = made("bitbucket_cloud")
    assert sent.headers["X-Hub-Signature"] == f"sha256={digest(sent.body)}"
    assert "X-Hub-Signature-256" not in sent.headers
    assert sent.headers["X-Event-Key"] == "member"
    assert sent.headers["X-Request-UUID"] == sent.id
