"""Bitbucket Cloud's listing in two steps: the workspaces, then what was granted in each."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest

from permsync.codehost import (
    Ask,
    CodeHost,
    Failure,
    FailureKind,
    Page,
    Response,
)
from permsync.hosts import create
from permsync.model import Level, Visibility
from tests.hosts.exchanges import answer, settings_of

API = "https://code.example/context/2.0"
WORKSPACE = "{0f5c1a1e-7a55-4a3b-8c3e-000000000001}"
REPOSITORY = "{9a1b8f7e-1111-4222-8333-000000000002}"


def _host(**options: str | bool) -> CodeHost:
    return create(settings_of("bitbucket_cloud", options=options))


def _refused(content: Any, status: int = 403) -> Response:
    """An error in the API's own envelope."""
    return answer({"type": "error", "error": content}, status)


def _row(permission: str = "read", **changes: Any) -> dict[str, Any]:
    repository = {"uuid": REPOSITORY, "full_name": "acme/engine", "is_private": True, **changes}
    return {"permission": permission, "repository": repository}


def _workspace_ask(host: CodeHost) -> Ask:
    (ask,) = _page(host, answer({"values": [{"workspace": {"uuid": WORKSPACE}}]})).follow
    return ask


def _page(host: CodeHost, response: Response, ask: Ask | None = None) -> Page:
    page = host.parse_page(ask or host.listing_asks()[0], response)
    assert isinstance(page, Page), page
    return page


def _rows(*rows: Mapping[str, Any]) -> Page:
    return _page(_host(), answer({"values": rows}), _workspace_ask(_host()))


# The listing


def test_the_workspaces_come_first() -> None:
    """The cross-workspace listings answer 410 (CHANGE-2770)."""
    (ask,) = _host().listing_asks()
    url = f"{API}/user/workspaces?pagelen=100&fields=next,values.workspace.uuid"
    assert ask.request.url == url


def test_each_workspace_is_asked_by_its_id_for_what_was_granted_in_it() -> None:
    ask = _workspace_ask(_host())
    path, _, query = ask.request.url.partition("?")
    escaped = WORKSPACE.replace("{", "%7B").replace("}", "%7D")
    assert path == f"{API}/user/workspaces/{escaped}/permissions/repositories"
    assert dict(parse_qsl(query))["fields"].split(",")[0] == "next"
    assert ask.owner_id == WORKSPACE


def test_a_row_is_read_by_the_fields_that_count() -> None:
    page = _rows(_row())
    (one,) = page.repositories
    assert (one.external_id, one.full_name) == (REPOSITORY, "acme/engine")
    assert (one.owner_id, one.owner) == (WORKSPACE, "acme")
    assert (one.visibility, one.level, one.archived) == (Visibility.PRIVATE, Level.READ, False)
    assert page.seen == {REPOSITORY}
    assert page.series == WORKSPACE


@pytest.mark.parametrize(
    ("permission", "level"),
    [("read", Level.READ), ("write", Level.WRITE), ("admin", Level.ADMIN)],
)
def test_permissions_become_levels(permission: str, level: Level) -> None:
    (one,) = _rows(_row(permission)).repositories
    assert one.level is level


@pytest.mark.parametrize("permission", ["none", "", "owner"])
def test_a_permission_that_is_no_right_is_seen_and_not_listed(permission: str) -> None:
    page = _rows(_row(permission))
    assert page.repositories == ()
    assert page.seen == {REPOSITORY}


def test_a_repository_is_public_only_if_it_says_so() -> None:
    (said,) = _rows(_row(is_private=False)).repositories
    assert said.visibility is Visibility.PUBLIC
    unsaid = _row()
    del unsaid["repository"]["is_private"]
    (one,) = _rows(unsaid).repositories
    assert one.visibility is Visibility.PRIVATE


@pytest.mark.parametrize("step", ["workspaces", "permissions"])
def test_a_next_link_is_followed_as_it_is_given(step: str) -> None:
    host = _host()
    ask = host.listing_asks()[0] if step == "workspaces" else _workspace_ask(host)
    following = f"{API}/anything?page=x%2By&n=2"
    page = _page(host, answer({"values": [], "next": following}), ask)
    (follow,) = page.follow
    assert follow.request.url == following
    assert (follow.step, follow.about) == (ask.step, ask.about)


def test_a_next_link_to_another_host_ends_the_listing() -> None:
    host = _host()
    body = {"values": [], "next": "https://code.example.evil.example/context/2.0/x"}
    read = host.parse_page(_workspace_ask(host), answer(body))
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.FOREIGN_LINK


@pytest.mark.parametrize(
    "refusal",
    [
        _refused({"message": "ada does not have access to the workspace acme"}),
        _refused({"message": "No workspace with identifier acme"}, 404),
    ],
)
def test_a_workspace_that_refuses_is_a_failure_of_that_owner_alone(refusal: Response) -> None:
    host = _host()
    ask = _workspace_ask(host)
    read = host.parse_page(ask, refusal)
    assert isinstance(read, Failure)
    assert read.kind in {FailureKind.FORBIDDEN, FailureKind.HIDDEN}
    assert ask.owner_id == WORKSPACE


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (
            _refused(
                {
                    "message": "Your credentials lack one or more required privilege scopes.",
                    "detail": {"required": ["repository"], "granted": ["account"]},
                }
            ),
            FailureKind.INSUFFICIENT_SCOPE,
        ),
        (_refused({"message": "Access token expired."}, 401), FailureKind.CREDENTIAL_REJECTED),
        (_refused({"message": "Resource removed"}, 410), FailureKind.ENDPOINT_GONE),
        (answer({"values": [{"permission": "read"}]}), FailureKind.UNREADABLE),
    ],
)
def test_a_workspaces_other_failures_are_the_listings(
    response: Response, kind: FailureKind
) -> None:
    host = _host()
    read = host.parse_page(_workspace_ask(host), response)
    assert isinstance(read, Failure)
    assert read.kind is kind


def test_refused_workspaces_are_the_listings_failure() -> None:
    host = _host()
    read = host.parse_page(host.listing_asks()[0], _refused({"message": "no"}))
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.FORBIDDEN
