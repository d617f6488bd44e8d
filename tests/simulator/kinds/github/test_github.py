"""What GitHub's webhooks say of what happens, and how they are proved."""

import json

import pytest

from permsync.simulator.happenings import What
from tests.simulator.tellings import digest, made, said

LEFT_AND_JOINED: tuple[What, ...] = ("joined", "left")


@pytest.mark.parametrize(
    ("what", "event", "action"),
    [
        ("granted", "member", "added"),
        ("regraded", "member", "edited"),
        ("revoked", "member", "removed"),
        ("joined", "organization", "member_added"),
        ("left", "organization", "member_removed"),
        ("created", "repository", "created"),
        ("removed", "repository", "deleted"),
        ("renamed", "repository", "renamed"),
        ("transferred", "repository", "transferred"),
        ("made_private", "repository", "privatized"),
        ("authorization_revoked", "github_app_authorization", "revoked"),
        ("installed", "installation", "created"),
        ("uninstalled", "installation", "deleted"),
        ("suspended", "installation", "suspend"),
        ("unsuspended", "installation", "unsuspend"),
        ("covered", "installation_repositories", "added"),
        ("uncovered", "installation_repositories", "removed"),
    ],
)
def test_github_says_it_with_an_action(what: What, event: str, action: str) -> None:
    ((name, body),) = said("github", what)
    assert (name, body["action"]) == (event, action)


def test_github_says_twice_that_a_repository_became_public() -> None:
    assert [name for name, _ in said("github", "made_public")] == ["repository", "public"]


def test_github_names_people_by_id_beside_login_and_mail() -> None:
    ((_, body),) = said("github", "revoked")
    assert body["member"] == {"id": 7, "login": "ada", "email": "ada@example.com", "type": "User"}
    assert body["repository"]["id"] == 9
    ((_, left),) = said("github", "left", repository=None)
    assert left["membership"]["user"]["id"] == 7
    assert left["organization"]["id"] == 3


def test_an_installation_is_named_with_its_owner() -> None:
    ((_, body),) = said("github", "suspended", installation=51)
    assert body["installation"] == {
        "id": 51,
        "account": {"id": 3, "login": "core", "type": "Organization"},
    }


def test_a_ping_says_that_the_hook_works() -> None:
    assert [event for event, _ in said("github", "ping")] == ["ping"]


def test_what_has_no_facts_is_said_without_them() -> None:
    bare = {"person": None, "repository": None, "owner": None}
    for what in LEFT_AND_JOINED:
        ((_, body),) = said("github", what, **bare)
        assert "7" not in str(body)


def test_the_body_is_signed_and_event_and_delivery_are_named() -> None:
    sent = made("github")
    assert sent.headers["X-Hub-Signature-256"] == f"sha256={digest(sent.body)}"
    assert sent.headers["X-Hub-Signature"].startswith("sha1=")
    assert sent.headers["X-GitHub-Event"] == "member"
    assert sent.headers["X-GitHub-Delivery"] == sent.id
    assert json.loads(sent.body) == {"project_id": 7}
