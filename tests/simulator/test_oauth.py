"""The token endpoint: codes work once and for a while, clients and verifiers must be right."""

import pytest

from permsync.simulator.kinds import roles
from permsync.simulator.oauth import challenge_of
from permsync.simulator.server import RunningSimulator
from permsync.simulator.world import World
from tests.simulator.visitor import VERIFIER, Visitor

HOSTS = [role.sample.host for role in roles().values()]


@pytest.fixture(params=HOSTS)
def visitor(simulator: RunningSimulator, request: pytest.FixtureRequest) -> Visitor:
    return Visitor(simulator, request.param)


def _refused(visitor: Visitor, code: str, **changes: str) -> bool:
    answer = visitor.exchange(code, **changes).json
    assert visitor.simulator.world.canary in answer["error_description"]
    return "access_token" not in answer


def test_the_challenge_is_that_of_gitlabs_documentation() -> None:
    assert challenge_of(VERIFIER) == "2i0WFA-0AerkjQm4X4oDEhqA17QIAKNjXpagHBXmO_U"


def test_a_code_is_redeemed_for_a_pair(visitor: Visitor) -> None:
    tokens = visitor.link("grace")
    pair = visitor.host.tokens.with_access(tokens["access_token"])
    assert pair is not None
    assert (pair.person, pair.refresh) == ("grace", tokens["refresh_token"])
    assert tokens["expires_in"] == visitor.host.policy.access_ttl_seconds


def test_a_code_works_once(visitor: Visitor) -> None:
    code = visitor.code()
    visitor.exchange(code)
    assert _refused(visitor, code)


def test_a_code_dies_of_age(visitor: Visitor, world: World) -> None:
    code = visitor.code()
    world.advance(visitor.host.policy.code_ttl_seconds)
    assert _refused(visitor, code)


def test_data_centers_codes_live_ten_seconds(datacenter: Visitor, world: World) -> None:
    young, old = datacenter.code(), datacenter.code()
    world.advance(9)
    assert datacenter.exchange(young).status == 200
    world.advance(1)
    assert datacenter.exchange(old).status == 400


def test_a_wrong_or_missing_verifier_is_refused_and_spends_the_code(visitor: Visitor) -> None:
    code = visitor.code()
    assert _refused(visitor, code, code_verifier="w" * 43)
    assert _refused(visitor, code)


def test_a_different_redirect_address_is_refused(visitor: Visitor) -> None:
    assert _refused(visitor, visitor.code(), redirect_uri=f"{visitor.redirect_uri}?x=1")


def test_another_clients_code_is_refused(visitor: Visitor, world: World) -> None:
    code = visitor.code()
    world.add_client(
        visitor.name, client_id="other", secret="other", redirect_uris=[visitor.redirect_uri]
    )
    visitor.client_id, visitor.secret = "other", "other"
    assert _refused(visitor, code)


def test_a_wrong_secret_is_refused_without_spending_anything(visitor: Visitor) -> None:
    code, right = visitor.code(), visitor.secret
    visitor.secret = "wrong"
    assert _refused(visitor, code)
    visitor.secret = right
    assert "access_token" in visitor.exchange(code).json


def test_an_unknown_grant_type_is_refused(visitor: Visitor) -> None:
    assert visitor.post_token({"grant_type": "password"}).json["error"] == "unsupported_grant_type"


def test_a_refresh_gives_a_new_pair(visitor: Visitor) -> None:
    old = visitor.link()
    new = visitor.refresh(old["refresh_token"]).json
    assert new["access_token"] != old["access_token"]
    assert new["refresh_token"] != old["refresh_token"]


def test_an_unknown_refresh_token_is_refused(visitor: Visitor) -> None:
    answer = visitor.refresh("never-issued").json
    assert "access_token" not in answer
    assert visitor.simulator.world.canary in answer["error_description"]


def test_a_refresh_token_dies_of_age(visitor: Visitor, world: World) -> None:
    visitor.host.policy.refresh_ttl_seconds = 1000
    tokens = visitor.link()
    world.advance(1000)
    assert "error" in visitor.refresh(tokens["refresh_token"]).json


@pytest.mark.parametrize("name", ["gitlab", "bitbucket-dc"])
def test_the_redirect_address_is_checked_on_refresh(simulator: RunningSimulator, name: str) -> None:
    visitor = Visitor(simulator, name)
    token = visitor.link()["refresh_token"]
    for address in ("", visitor.redirect_uri + "/"):
        answer = visitor.refresh(token, redirect_uri=address)
        assert (answer.status, answer.json["error"]) == (400, "invalid_grant")
    visitor.host.policy.redirect_uri_on_refresh = False
    assert visitor.refresh(token, redirect_uri="").status == 200


def test_an_inactive_person_cannot_refresh_where_the_kind_looks_at_the_person(
    visitor: Visitor,
) -> None:
    token = visitor.link()["refresh_token"]
    visitor.host.set_account_state("ada", "deactivated")
    refreshes = roles()[visitor.host.kind].refreshes_blocked
    assert ("access_token" in visitor.refresh(token).json) == refreshes


def test_answers_may_lack_the_lifetime(visitor: Visitor) -> None:
    visitor.host.faults.omit_expires_in = True
    assert "expires_in" not in visitor.link()


def test_a_refresh_answer_without_refresh_token_leaves_the_old_one_alive(visitor: Visitor) -> None:
    token = visitor.link()["refresh_token"]
    visitor.host.faults.omit_refresh_token = True
    assert "refresh_token" not in visitor.refresh(token).json
    visitor.host.faults.omit_refresh_token = False
    assert "refresh_token" in visitor.refresh(token).json


def test_tokens_may_be_very_long(visitor: Visitor) -> None:
    visitor.host.faults.token_padding = 10_240
    tokens = visitor.link()
    assert len(tokens["access_token"]) > 10_240
    assert "access_token" in visitor.refresh(tokens["refresh_token"]).json


def test_every_refresh_may_be_refused(visitor: Visitor) -> None:
    token = visitor.link()["refresh_token"]
    visitor.host.faults.refuse_refreshes = True
    assert "access_token" not in visitor.refresh(token).json
    visitor.host.faults.refuse_refreshes = False
    assert "access_token" in visitor.refresh(token).json


def test_a_code_without_challenge_needs_no_verifier(gitlab: Visitor) -> None:
    code = gitlab.code(code_challenge="", code_challenge_method="")
    assert gitlab.exchange(code, code_verifier="").status == 200
