"""What Gitea's webhooks say of what happens, and under whose names they are proved."""

from typing import get_args

import pytest

from permsync.simulator.happenings import What
from permsync.simulator.repositories import Level
from permsync.simulator.world import World
from tests.simulator.tellings import digest, made, said

TOLD: dict[What, str] = {"created": "created", "removed": "deleted"}


@pytest.mark.parametrize(("what", "action"), TOLD.items())
def test_repositories_come_and_go(what: What, action: str) -> None:
    ((event, body),) = said("gitea", what)
    assert (event, body["action"]) == ("repository", action)
    assert (body["repository"]["id"], body["organization"]["id"]) == (9, 3)
    assert body["sender"]["id"] == 7


@pytest.mark.parametrize("what", sorted({*get_args(What)} - {*TOLD, "ping"}))
def test_of_anything_else_nothing_is_said(what: What) -> None:
    assert said("gitea", what) == []


def test_a_test_delivery_is_a_push_that_never_was() -> None:
    ((event, body),) = said("gitea", "ping", person=None, repository=None, owner=None)
    assert (event, body["commits"], body["organization"]) == ("push", [], None)
    assert body["sender"]["login"] == "admin"


def test_a_repository_that_nobody_knows_is_not_told_of() -> None:
    assert said("gitea", "removed", repository=None) == []


def test_event_and_delivery_stand_under_four_names() -> None:
    sent = made("gitea")
    for family in ("Gitea", "Gogs", "GitHub"):
        assert sent.headers[f"X-{family}-Event"] == "member"
        assert sent.headers[f"X-{family}-Delivery"] == sent.id


def test_the_digest_is_bare_and_marked_under_githubs_name() -> None:
    sent = made("gitea")
    assert sent.headers["X-Gitea-Signature"] == digest(sent.body)
    assert sent.headers["X-Gogs-Signature"] == digest(sent.body)
    assert sent.headers["X-Hub-Signature-256"] == f"sha256={digest(sent.body)}"
    assert sent.headers["X-Hub-Signature"].startswith("sha1=")


def test_the_sample_world_has_what_only_gitea_has(world: World) -> None:
    gitea = world.hosts["gitea"]
    assert {each.visibility for each in gitea.namespaces.values()} == {
        "public",
        "limited",
        "private",
    }
    assert gitea.accounts["margaret"].restricted
    assert Level.GUEST in gitea.namespaces["studio"].members.values()
    assert gitea.namespaces["margaret"].id == gitea.accounts["margaret"].id
