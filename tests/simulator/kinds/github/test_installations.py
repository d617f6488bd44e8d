"""An app is believed by what it signs, its installations by tokens that are long and end."""

import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from permsync.simulator.server import RunningSimulator
from tests.simulator.kinds.github.stated import INSTALLED, mint, register, statement
from tests.simulator.visitor import Visitor


@pytest.fixture
def app(simulator: RunningSimulator) -> Visitor:
    visitor = Visitor(simulator, "github")
    register(visitor.host)
    return visitor


def _first(app: Visitor) -> int:
    return next(iter(app.host.installations))


@pytest.mark.parametrize("issuer", ["permsync-at-github", "1"])
def test_an_app_is_known_by_its_client_id_or_its_number(app: Visitor, issuer: str) -> None:
    answer = app.get(INSTALLED, token=statement(app.host, iss=issuer))
    assert answer.status == 200


NOW = int(time.time())
FAULTS: dict[str, tuple[dict[str, Any], int]] = {
    "another app": ({"iss": "somebody"}, 404),
    "nobody": ({"iss": None}, 404),
    "signed with another key": ({"signed_with": RSAKey.generate_key(2048)}, 401),
    "issued in the future": ({"iat": NOW + 3_600}, 401),
    "without an instant": ({"iat": None}, 401),
    "over": ({"exp": NOW - 1}, 401),
    "for longer than ten minutes": ({"exp": NOW + 3_600}, 401),
    "for ever": ({"exp": None}, 401),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_statement_with_a_fault_is_refused(app: Visitor, fault: str) -> None:
    changes, status = FAULTS[fault]
    assert app.get(INSTALLED, token=statement(app.host, **changes)).status == status
    assert mint(app, _first(app), by=statement(app.host, **changes)).status == status


def test_what_is_no_statement_is_refused(app: Visitor) -> None:
    claims = {"iss": app.client_id, "iat": NOW - 60, "exp": NOW + 60}
    octets = OctKey.generate_key(256)
    shared = jwt.encode({"alg": "HS256"}, claims, octets, algorithms=["HS256"])
    for token in ("hush", "a.b.c", shared, ""):
        assert app.get(INSTALLED, token=token).status == 401


def test_a_token_is_long_and_says_when_it_ends(app: Visitor) -> None:
    answer = mint(app, _first(app))
    assert answer.status == 201
    assert answer.json["token"].startswith("ghs_1_")
    assert len(answer.json["token"]) > 400
    assert answer.json["token"].count(".") == 2
    assert answer.json["token"] in app.simulator.world.secrets()


def test_a_token_ends_after_an_hour(app: Visitor) -> None:
    token = mint(app, _first(app)).json["token"]
    assert app.get("/api/v3/installation/repositories", token=token).status == 200
    app.simulator.world.advance(3_601)
    assert app.get("/api/v3/installation/repositories", token=token).status == 401


def test_a_suspended_installation_gives_no_token_and_answers_none(app: Visitor) -> None:
    token = mint(app, _first(app)).json["token"]
    app.host.installations[_first(app)].suspended_at = 1_700_000_000
    refused = mint(app, _first(app))
    assert (refused.status, "suspended" in refused.json["message"]) == (403, True)
    assert app.get("/api/v3/installation/repositories", token=token).status == 403


def test_an_installation_that_is_gone_gives_no_token_and_its_tokens_end(app: Visitor) -> None:
    number = _first(app)
    token = mint(app, number).json["token"]
    del app.host.installations[number]
    assert mint(app, number).status == 404
    assert app.get("/api/v3/installation/repositories", token=token).status == 401


def test_what_an_installation_was_not_granted_is_named(app: Visitor) -> None:
    number = _first(app)
    app.host.installations[number].permissions = {"contents": "read"}
    token = mint(app, number).json["token"]
    refused = app.get("/api/v3/installation/repositories", token=token)
    assert refused.status == 403
    assert "Resource not accessible by integration" in refused.json["message"]
    assert refused.headers["x-accepted-github-permissions"] == "metadata=read"


def test_a_dumped_world_knows_its_tokens_and_keys(app: Visitor) -> None:
    token = mint(app, _first(app)).json["token"]
    app.simulator.world.restore(app.simulator.world.dump())
    assert app.get("/api/v3/installation/repositories", token=token).status == 200
    assert app.get(INSTALLED, token=statement(app.host)).status == 200
