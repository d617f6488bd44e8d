"""GitHub's token endpoint answers 200 with an error; its API marks every answer."""

import json
from urllib.parse import parse_qs

import pytest

from permsync.simulator.faults import NextAnswer, Quota, RateLimit
from permsync.simulator.samples import sample_world
from permsync.simulator.server import RunningSimulator
from permsync.simulator.tokens import ClientKind
from permsync.simulator.world import World
from tests.simulator.visitor import PUBLIC_URL, Answer, Visitor, ask


def _as(simulator: RunningSimulator, kind: ClientKind) -> Visitor:
    simulator.show(sample_world(public_url=PUBLIC_URL, github_client_kind=kind))
    return Visitor(simulator, "github")


def _application(visitor: Visitor, method: str, token: str, what: str = "token") -> Answer:
    url = f"{visitor.url}/api/v3/applications/{visitor.client_id}/{what}"
    return ask(method, url, json.dumps({"access_token": token}), headers=visitor.basic)


def test_a_dead_refresh_token_is_said_with_status_200(github: Visitor, world: World) -> None:
    token = github.link()["refresh_token"]
    github.refresh(token)
    answer = github.refresh(token)
    assert (answer.status, answer.json["error"]) == (200, "bad_refresh_token")
    assert world.canary in answer.json["error_description"]


def test_wrong_client_credentials_are_said_with_status_200(github: Visitor) -> None:
    token = github.link()["refresh_token"]
    answer = github.refresh(token, client_secret="wrong")
    assert (answer.status, answer.json["error"]) == (200, "incorrect_client_credentials")


def test_a_used_code_and_a_wrong_address_have_their_own_codes(github: Visitor) -> None:
    code = github.code()
    wrong = github.exchange(code, redirect_uri="http://elsewhere.example/")
    assert wrong.json["error"] == "redirect_uri_mismatch"
    github.exchange(code)
    assert github.exchange(code).json["error"] == "bad_verification_code"


def test_the_answer_is_a_form_unless_json_is_asked_for(github: Visitor) -> None:
    fields = {"code": github.code(), "code_verifier": "nonsense"}
    answer = github.post_token(fields, headers={"Accept": "*/*"})
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert parse_qs(answer.text)["error"] == ["bad_verification_code"]


def test_a_github_apps_tokens_carry_no_scopes(github: Visitor) -> None:
    tokens = github.link()
    assert tokens["scope"] == ""
    assert tokens["expires_in"] == 28_800
    assert tokens["refresh_token_expires_in"] == 15_897_600
    assert "x-oauth-scopes" not in github.get("/api/v3/user").headers


def test_an_oauth_apps_token_does_not_expire_and_shows_its_scopes(
    simulator: RunningSimulator,
) -> None:
    github = _as(simulator, "oauth")
    tokens = github.link()
    assert set(tokens) == {"access_token", "token_type", "scope"}
    assert tokens["scope"] == "repo,read:org"
    assert github.get("/api/v3/user").headers["x-oauth-scopes"] == "repo, read:org"


def test_an_oauth_app_may_have_expiring_tokens(simulator: RunningSimulator) -> None:
    tokens = _as(simulator, "oauth_expiring").link()
    assert tokens["access_token"].startswith("gho_")
    assert tokens["refresh_token"].startswith("ghr_")


def test_an_omitted_scope_repeats_what_was_granted_before(simulator: RunningSimulator) -> None:
    github = _as(simulator, "oauth")
    github.exchange(github.code(scope="repo"))
    github.exchange(github.code(scope="gist"))
    github.exchange(github.code("grace", scope="admin:org"))
    tokens = github.exchange(github.code(scope="")).json
    assert sorted(tokens["scope"].split(",")) == ["gist", "repo"]


@pytest.mark.parametrize("token", ["", "unknown"])
def test_missing_and_unknown_tokens_get_401(github: Visitor, token: str) -> None:
    answer = github.get("/api/v3/user", token=token)
    assert answer.status == 401
    assert github.simulator.world.canary in answer.json["message"]


def test_expired_and_revoked_tokens_get_401(github: Visitor, world: World) -> None:
    github.link()
    assert github.get("/api/v3/user").status == 200
    github.host.tokens.expire_access("ada", now=world.now())
    assert github.get("/api/v3/user").status == 401
    github.link()
    github.host.tokens.revoke("ada")
    assert github.get("/api/v3/user").status == 401


def test_a_suspended_account_gets_403(github: Visitor) -> None:
    github.link()
    github.host.set_account_state("ada", "blocked")
    assert github.get("/api/v3/user").status == 403


def test_a_refresh_ends_the_old_access_token(github: Visitor) -> None:
    tokens = github.link()
    new = github.refresh(tokens["refresh_token"]).json
    assert github.get("/api/v3/user").status == 401
    assert github.get("/api/v3/user", token=new["access_token"]).status == 200


def test_every_answer_tells_the_rate_limit(github: Visitor) -> None:
    names = {f"x-ratelimit-{each}" for each in ("limit", "remaining", "used", "reset", "resource")}
    github.link()
    for answer in (github.get("/api/v3/user"), github.get("/api/v3/user", token="unknown")):
        assert names <= set(answer.headers)


def test_a_quota_counts_down_and_then_refuses(github: Visitor) -> None:
    github.link()
    github.host.faults.quota = Quota(limit=2, window_seconds=1e9)
    answers = [github.get("/api/v3/user") for _ in range(3)]
    assert [each.status for each in answers] == [200, 200, 429]
    assert [each.headers["x-ratelimit-remaining"] for each in answers] == ["1", "0", "0"]


def test_the_primary_limit_names_its_end(github: Visitor, world: World) -> None:
    github.host.faults.rate_limit = RateLimit(status=403, retry_after_seconds=30)
    answer = github.get("/api/v3/user", token="any")
    assert answer.status == 403
    assert answer.headers["retry-after"] == "30"
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert int(answer.headers["x-ratelimit-reset"]) <= world.now() + 30


def test_the_secondary_limit_is_known_by_its_message_only(github: Visitor) -> None:
    github.host.faults.rate_limit = RateLimit(status=403, retry_after_seconds=None, secondary=True)
    answer = github.get("/api/v3/user", token="any")
    assert "secondary rate" in answer.json["message"]
    assert "retry-after" not in answer.headers
    assert answer.headers["x-ratelimit-remaining"] != "0"


def test_a_plain_403_looks_unlimited(github: Visitor, world: World) -> None:
    github.link()
    github.host.faults.next_answers.append(NextAnswer("api", "status"))
    answer = github.get("/api/v3/user")
    assert answer.status == 403
    assert "Resource not accessible by integration" in answer.json["message"]
    assert answer.headers["x-ratelimit-remaining"] == "4000"
    assert int(answer.headers["x-ratelimit-reset"]) > world.now() + 3_000


def test_an_unchanged_answer_is_304_for_its_etag(github: Visitor) -> None:
    github.link()
    etag = github.get("/api/v3/user").headers["etag"]
    again = github.get("/api/v3/user", If_None_Match=etag)
    assert (again.status, again.body) == (304, b"")
    github.host.accounts["ada"].login = "countess"
    assert github.get("/api/v3/user", If_None_Match=etag).status == 200


def test_a_user_agent_is_demanded(github: Visitor) -> None:
    github.link()
    assert github.get("/api/v3/user", User_Agent="").status == 403


def test_only_known_api_versions_are_accepted(github: Visitor) -> None:
    github.link()
    assert github.get("/api/v3/user", X_GitHub_Api_Version="2022-11-28").status == 200
    assert github.get("/api/v3/user", X_GitHub_Api_Version="1999-01-01").status == 400


def test_a_token_can_be_checked_and_deleted_by_its_application(github: Visitor) -> None:
    token = github.link()["access_token"]
    checked = _application(github, "POST", token)
    assert checked.status == 200
    assert checked.json["app"]["client_id"] == github.client_id
    assert _application(github, "DELETE", token).status == 204
    assert _application(github, "POST", token).status == 404
    assert github.get("/api/v3/user").status == 401
    assert _application(github, "DELETE", "unknown").status == 422


def test_deleting_the_grant_ends_every_token_of_the_person(github: Visitor) -> None:
    first, second = github.link()["access_token"], github.link()["access_token"]
    grace = github.link("grace")["access_token"]
    assert _application(github, "DELETE", second, "grant").status == 204
    assert github.get("/api/v3/user", token=first).status == 401
    assert github.get("/api/v3/user", token=grace).status == 200


def test_the_application_endpoints_demand_the_applications_own_credentials(
    github: Visitor,
) -> None:
    token = github.link()["access_token"]
    github.secret = "wrong"
    assert _application(github, "DELETE", token).status == 401
    assert github.get("/api/v3/user").status == 200


def test_an_unknown_token_has_no_grant_to_delete(github: Visitor) -> None:
    assert _application(github, "DELETE", "unknown", "grant").status == 422


def test_a_grant_is_deleted_for_its_own_client_only(github: Visitor, world: World) -> None:
    token = github.link()["access_token"]
    world.add_client("github", client_id="other", secret="s", redirect_uris=[github.redirect_uri])
    mine, github.client_id, github.secret = (github.client_id, github.secret), "other", "s"
    other = github.link()["access_token"]
    github.client_id, github.secret = mine
    assert _application(github, "DELETE", token, "grant").status == 204
    assert github.get("/api/v3/user", token=token).status == 401
    assert github.get("/api/v3/user", token=other).status == 200


def test_another_applications_path_is_not_found(github: Visitor) -> None:
    token = github.link()["access_token"]
    own = github.basic
    github.client_id = "another"
    url = f"{github.url}/api/v3/applications/another/token"
    body = json.dumps({"access_token": token})
    assert ask("POST", url, body, headers=own).status == 404
