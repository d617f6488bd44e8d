"""What Data Center's webhooks say of what happens, and how they are proved."""

from tests.simulator.tellings import PEOPLE, digest, made, said


def test_names_are_said_and_nothing_else() -> None:
    ((event, body),) = said("bitbucket_datacenter", "renamed", was="core/old")
    assert (event, body["new"]["id"]) == ("repo:modified", 9)
    assert said("bitbucket_datacenter", "removed") == []
    assert said("bitbucket_datacenter", "made_private") == []


def test_nothing_is_said_about_people() -> None:
    for what in PEOPLE:
        assert said("bitbucket_datacenter", what) == []


def test_a_test_of_the_hook_is_said() -> None:
    assert [event for event, _ in said("bitbucket_datacenter", "ping")] == ["diagnostics:ping"]


def test_the_body_is_signed_in_the_older_header() -> None:
    sent = made("bitbucket_datacenter")
    assert sent.headers["X-Hub-Signature"] == f"sha256={digest(sent.body)}"
    assert sent.headers["X-Event-Key"] == "member"
    assert sent.headers["X-Request-Id"] == sent.id
