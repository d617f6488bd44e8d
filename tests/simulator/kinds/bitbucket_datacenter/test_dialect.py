"""Data Center lives under its context path and names the caller in a header."""

from urllib.parse import urlencode

from permsync.simulator.faults import RateLimit
from permsync.simulator.world import World
from tests.simulator.visitor import Visitor, ask

PROBE = "/rest/api/latest/profile/recent/repos?limit=1"


def test_it_answers_below_its_context_path_only(datacenter: Visitor) -> None:
    datacenter.link()
    assert datacenter.url.endswith("/bitbucket-dc/bitbucket")
    assert datacenter.get(PROBE).status == 200
    without = datacenter.simulator.url + "/bitbucket-dc" + PROBE
    assert datacenter.get(without).status == 404


def test_authenticated_answers_name_the_caller(datacenter: Visitor) -> None:
    datacenter.link()
    datacenter.host.accounts["ada"].login = "ada lovelace"
    assert datacenter.get(PROBE).headers["x-ausername"] == "ada%20lovelace"
    anonymous = datacenter.get("/rest/api/latest/application-properties", token="")
    assert anonymous.status == 200
    assert "x-ausername" not in anonymous.headers


def test_a_dead_refresh_token_is_invalid_grant(datacenter: Visitor) -> None:
    token = datacenter.link()["refresh_token"]
    datacenter.refresh(token)
    answer = datacenter.refresh(token)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


def test_a_wrong_client_is_invalid_client(datacenter: Visitor) -> None:
    answer = datacenter.refresh(datacenter.link()["refresh_token"], client_secret="wrong")
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def test_revocation_ends_the_pair(datacenter: Visitor) -> None:
    tokens = datacenter.link()
    fields = {"client_id": datacenter.client_id, "client_secret": datacenter.secret}
    body = urlencode({**fields, "token": tokens["access_token"]})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"{datacenter.url}/rest/oauth2/latest/revoke"
    assert ask("POST", url, body, headers=headers).status == 200
    assert datacenter.get(PROBE).status == 401


def test_the_probe_refuses_expired_unknown_and_blocked(datacenter: Visitor, world: World) -> None:
    datacenter.link()
    assert datacenter.get(PROBE, token="").status == 401
    assert datacenter.get(PROBE, token="unknown").status == 401
    datacenter.host.set_account_state("ada", "deactivated")
    assert datacenter.get(PROBE).status == 401
    datacenter.host.set_account_state("ada", "active")
    world.advance(3600)
    answer = datacenter.get(PROBE)
    assert answer.status == 401
    assert "Authentication" in answer.json["errors"][0]["exceptionName"]
    assert "x-ausername" not in answer.headers


def test_a_rate_limit_shows_the_token_bucket(datacenter: Visitor) -> None:
    datacenter.host.faults.rate_limit = RateLimit(retry_after_seconds=3)
    answer = datacenter.get(PROBE)
    assert (answer.status, answer.headers["retry-after"]) == (429, "3")
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert answer.headers["x-ratelimit-fillrate"] == "5"
    datacenter.host.faults.rate_limit = RateLimit(retry_after_seconds=None)
    assert "retry-after" not in datacenter.get(PROBE).headers
