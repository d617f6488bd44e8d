"""Bitbucket Cloud's OAuth: Basic only, and error codes of its own."""

from urllib.parse import urlencode

from permsync.simulator.faults import RateLimit
from permsync.simulator.world import World
from tests.simulator.visitor import Visitor, ask


def test_credentials_in_the_body_are_not_enough(cloud: Visitor) -> None:
    fields = {"client_id": cloud.client_id, "client_secret": cloud.secret}
    fields |= {"grant_type": "refresh_token", "refresh_token": cloud.link()["refresh_token"]}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = ask("POST", cloud.url + cloud.token_path, urlencode(fields), headers=headers)
    assert (answer.status, answer.json["error"]) == (400, "unauthorized_client")


def test_a_dead_refresh_token_is_an_invalid_request(cloud: Visitor, world: World) -> None:
    token = cloud.link()["refresh_token"]
    cloud.refresh(token)
    answer = cloud.refresh(token)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert answer.json["error_description"].startswith("Invalid refresh_token")
    assert world.canary in answer.json["error_description"]


def test_a_closed_account_is_said_to_be_inactive(cloud: Visitor) -> None:
    token = cloud.link()["refresh_token"]
    cloud.host.set_account_state("ada", "deactivated")
    answer = cloud.refresh(token)
    assert (answer.status, answer.json["error"]) == (401, "access_denied")
    assert "User is inactive" in answer.json["error_description"]
    assert cloud.get("/2.0/user").status == 401


def test_scopes_come_under_the_new_or_the_old_name(cloud: Visitor) -> None:
    assert cloud.link()["scope"] == "account email repository"
    cloud.host.policy.sends_scopes_key = True
    tokens = cloud.link()
    assert tokens["scopes"] == "account email repository"
    assert "scope" not in tokens


def test_the_old_access_token_outlives_a_refresh(cloud: Visitor) -> None:
    cloud.refresh(cloud.link()["refresh_token"])
    assert cloud.get("/2.0/user").status == 200


def test_an_unused_refresh_token_dies_after_ninety_days(cloud: Visitor, world: World) -> None:
    token = cloud.link()["refresh_token"]
    world.advance(90 * 86_400)
    assert cloud.refresh(token).status == 400


def test_a_token_in_the_query_is_not_taken(cloud: Visitor) -> None:
    token = cloud.link()["access_token"]
    assert cloud.get(f"/2.0/user?access_token={token}", token="").status == 401


def test_an_expired_token_is_told_apart_from_a_revoked_one(cloud: Visitor, world: World) -> None:
    cloud.link()
    world.advance(7_200)
    answer = cloud.get("/2.0/user")
    assert answer.status == 401
    assert answer.json["error"]["message"].startswith("Access token expired.")
    cloud.link()
    cloud.host.tokens.revoke(None)
    assert cloud.get("/2.0/user").json["error"]["message"].startswith("Token is invalid, expired")


def test_a_rate_limit_need_not_name_its_end(cloud: Visitor) -> None:
    cloud.host.faults.rate_limit = RateLimit(retry_after_seconds=None)
    answer = cloud.get("/2.0/user")
    assert answer.status == 429
    assert "retry-after" not in answer.headers
    assert answer.json["type"] == "error"
    cloud.host.faults.rate_limit = RateLimit(retry_after_seconds=9)
    assert cloud.get("/2.0/user").headers["retry-after"] == "9"
