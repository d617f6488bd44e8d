"""Gitea's OAuth answers and refusals, word for word where a client looks at the words."""

from urllib.parse import urlencode

import pytest

from permsync.simulator.faults import RateLimit
from permsync.simulator.repositories import AccountState
from permsync.simulator.world import World
from tests.simulator.visitor import Answer, Visitor, ask


def _error(answer: Answer) -> tuple[int, str, str]:
    """Status, code, and the words before the canary."""
    words = answer.json["error_description"].rpartition(" [")[0]
    return answer.status, answer.json["error"], words


def test_the_answer_has_a_pair_and_tells_no_scope(gitea: Visitor) -> None:
    tokens = gitea.link()
    assert tokens["expires_in"] == 3600
    assert set(tokens) == {"access_token", "refresh_token", "token_type", "expires_in"}


def test_the_client_may_use_basic(gitea: Visitor) -> None:
    fields = {"grant_type": "refresh_token", "refresh_token": gitea.link()["refresh_token"]}
    headers = {**gitea.basic, "Content-Type": "application/x-www-form-urlencoded"}
    url = f"{gitea.url}{gitea.token_path}"
    assert ask("POST", url, urlencode(fields), headers=headers).status == 200


def test_a_refresh_token_works_again_unless_the_server_invalidates_it(gitea: Visitor) -> None:
    token = gitea.link()["refresh_token"]
    assert gitea.refresh(token).status == gitea.refresh(token).status == 200
    gitea.host.policy.rotation = "strict"
    refused = (400, "unauthorized_client", "token was already used")
    assert _error(gitea.refresh(token)) == refused


def test_garbage_and_age_are_one(gitea: Visitor, world: World) -> None:
    token = gitea.link()["refresh_token"]
    refused = (400, "unauthorized_client", "unable to parse refresh token")
    assert _error(gitea.refresh("garbage")) == refused
    world.advance(730 * 3_600)
    assert _error(gitea.refresh(token)) == refused


def test_a_grant_that_was_taken_back_does_not_exist(gitea: Visitor) -> None:
    token = gitea.link()["refresh_token"]
    gitea.host.tokens.revoke("ada")
    assert _error(gitea.refresh(token)) == (400, "invalid_grant", "grant does not exist")


def test_a_refresh_token_is_its_clients(gitea: Visitor, world: World) -> None:
    token = gitea.link()["refresh_token"]
    world.add_client("gitea", client_id="other", secret="s", redirect_uris=[])
    answer = gitea.refresh(token, client_id="other", client_secret="s")
    words = "refresh token belongs to a different client"
    assert _error(answer) == (400, "invalid_grant", words)


def test_a_wrong_secret_has_another_code_at_a_code(gitea: Visitor) -> None:
    token, words = gitea.link()["refresh_token"], "invalid client secret"
    refused = gitea.refresh(token, client_secret="wrong")
    assert _error(refused) == (400, "invalid_client", words)
    refused = gitea.exchange(gitea.code(), client_secret="wrong")
    assert _error(refused) == (400, "unauthorized_client", words)


def test_a_code_that_was_used_is_gone_and_an_old_one_is_old(gitea: Visitor, world: World) -> None:
    code, late = gitea.code(), gitea.code()
    gitea.exchange(code)
    gone = (400, "unauthorized_client", "client is not authorized")
    assert _error(gitea.exchange(code)) == gone
    world.advance(gitea.host.policy.code_ttl_seconds)
    assert _error(gitea.exchange(late)) == (400, "invalid_grant", "authorization code expired")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"code_verifier": "w" * 43}, "unauthorized_client", "failed PKCE code challenge"),
        ({"redirect_uri": "https://x/"}, "unauthorized_client", "unexpected redirect URI"),
        (
            {"grant_type": "password"},
            "unsupported_grant_type",
            "Only refresh_token or authorization_code grant type is supported",
        ),
    ],
)
def test_a_request_that_is_wrong_is_told_what_is(
    gitea: Visitor, change: dict[str, str], code: str, words: str
) -> None:
    assert _error(gitea.exchange(gitea.code(), **change)) == (400, code, words)


def test_nobodys_token_is_a_person_that_does_not_exist(gitea: Visitor, world: World) -> None:
    gitea.link()
    assert gitea.get("/api/v1/user", token="").json["message"].startswith("token is required")
    world.advance(3_600)
    for token in (gitea.token, "unknown"):
        answer = gitea.get("/api/v1/user", token=token)
        assert answer.status == 401
        assert answer.json["message"].startswith("user does not exist")
        assert answer.json["url"] == f"{gitea.url}/api/swagger"


@pytest.mark.parametrize(
    ("state", "words"),
    [("blocked", "prohibited from signing in"), ("deactivated", "not activated")],
)
def test_a_blocked_person_is_refreshed_and_told_by_the_api(
    gitea: Visitor, state: AccountState, words: str
) -> None:
    token = gitea.link()["refresh_token"]
    gitea.host.set_account_state("ada", state)
    assert gitea.refresh(token).status == 200
    answer = gitea.get("/api/v1/user")
    assert answer.status == 403
    assert words in answer.json["message"]


def test_too_many_requests_is_a_proxys_plain_text(gitea: Visitor) -> None:
    gitea.link()
    gitea.host.faults.rate_limit = RateLimit(retry_after_seconds=7)
    answer = gitea.get("/api/v1/user")
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert answer.headers["content-type"].startswith("text/plain")
    gitea.host.faults.rate_limit = RateLimit(retry_after_seconds=None)
    assert "retry-after" not in gitea.get("/api/v1/user").headers
