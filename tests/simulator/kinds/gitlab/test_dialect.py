"""GitLab's OAuth answers and refusals, word for word where a client looks at the words."""

from urllib.parse import urlencode

import pytest

from permsync.simulator.faults import RateLimit
from permsync.simulator.world import World
from tests.simulator.visitor import Answer, Visitor, ask


def _revoke(visitor: Visitor, token: str, *, secret: str | None = None) -> Answer:
    fields = {"client_id": visitor.client_id, "client_secret": secret or visitor.secret}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({**fields, "token": token})
    return ask("POST", f"{visitor.url}/oauth/revoke", body, headers=headers)


def test_the_answer_says_when_it_was_made(gitlab: Visitor, world: World) -> None:
    tokens = gitlab.link()
    assert tokens["expires_in"] == 7200
    assert abs(tokens["created_at"] - world.now()) < 60
    assert tokens["scope"] == "read_api read_user"


def test_a_dead_refresh_token_is_invalid_grant(gitlab: Visitor) -> None:
    token = gitlab.link()["refresh_token"]
    gitlab.refresh(token)
    answer = gitlab.refresh(token)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


def test_a_wrong_client_is_invalid_client(gitlab: Visitor) -> None:
    token = gitlab.link()["refresh_token"]
    answer = gitlab.refresh(token, client_secret="wrong")
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def test_the_client_may_use_basic(gitlab: Visitor) -> None:
    fields = {"grant_type": "refresh_token", "refresh_token": gitlab.link()["refresh_token"]}
    body = urlencode({**fields, "redirect_uri": gitlab.redirect_uri})
    headers = {**gitlab.basic, "Content-Type": "application/x-www-form-urlencoded"}
    assert ask("POST", f"{gitlab.url}/oauth/token", body, headers=headers).status == 200


def test_an_expired_token_is_told_to_refresh(gitlab: Visitor, world: World) -> None:
    gitlab.link()
    world.advance(7200)
    answer = gitlab.get("/api/v4/user")
    assert (answer.status, answer.json["error"]) == (401, "invalid_token")
    assert "Token is expired" in answer.json["error_description"]


def test_a_refreshed_tokens_predecessor_was_revoked(gitlab: Visitor) -> None:
    gitlab.refresh(gitlab.link()["refresh_token"])
    answer = gitlab.get("/api/v4/user")
    assert (answer.status, answer.json["error"]) == (401, "invalid_token")
    assert "Token was revoked" in answer.json["error_description"]


@pytest.mark.parametrize("token", ["", "unknown"])
def test_missing_and_unknown_tokens_get_a_plain_401(gitlab: Visitor, token: str) -> None:
    answer = gitlab.get("/api/v4/user", token=token)
    assert answer.status == 401
    assert answer.json["message"].startswith("401 Unauthorized")


@pytest.mark.parametrize("state", ["blocked", "deactivated"])
def test_a_blocked_account_gets_403_that_names_the_state(gitlab: Visitor, state: str) -> None:
    gitlab.link()
    gitlab.host.set_account_state("ada", "blocked" if state == "blocked" else "deactivated")
    answer = gitlab.get("/api/v4/user")
    assert answer.status == 403
    assert f"Your account has been {state}." in answer.json["message"]


def test_token_info_describes_the_token(gitlab: Visitor, world: World) -> None:
    gitlab.link()
    world.advance(200)
    answer = gitlab.get("/oauth/token/info").json
    assert answer["resource_owner_id"] == gitlab.host.accounts["ada"].id
    assert answer["scope"] == ["read_api", "read_user"]
    assert 6990 <= answer["expires_in"] <= 7000
    assert answer["application"] == {"uid": gitlab.client_id}


def test_revocation_ends_the_pair_and_never_tells_whether_there_was_one(gitlab: Visitor) -> None:
    tokens = gitlab.link()
    assert _revoke(gitlab, "unknown").json == {}
    assert _revoke(gitlab, tokens["refresh_token"], secret="wrong").status == 401
    assert gitlab.get("/api/v4/user").status == 200
    answer = _revoke(gitlab, tokens["refresh_token"])
    assert (answer.status, answer.json) == (200, {})
    assert gitlab.get("/api/v4/user").status == 401
    assert gitlab.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_too_many_requests_is_said_in_plain_text(gitlab: Visitor) -> None:
    gitlab.host.faults.rate_limit = RateLimit(retry_after_seconds=7)
    answer = gitlab.get("/api/v4/user")
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("Retry later")
    gitlab.host.faults.rate_limit = RateLimit(retry_after_seconds=None)
    assert "retry-after" not in gitlab.get("/api/v4/user").headers


def test_a_lasting_token_has_no_seconds_left_to_tell(gitlab: Visitor) -> None:
    gitlab.host.policy.access_ttl_seconds = None
    assert "expires_in" not in gitlab.link()
    assert gitlab.get("/oauth/token/info").json["expires_in"] is None


def test_it_signs_people_in_as_well_and_names_them_by_their_id(gitlab: Visitor) -> None:
    described = ask("GET", f"{gitlab.url}/.well-known/openid-configuration").json
    assert described["issuer"] == gitlab.url
    assert described["token_endpoint"] == f"{gitlab.url}/oauth/token"
    assert ask("GET", described["jwks_uri"]).json["keys"][0]["kty"] == "RSA"
    assert "id_token" not in gitlab.link()
