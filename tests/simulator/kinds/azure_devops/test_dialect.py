"""Entra ID's tokens and refusals, and the page that a dead token is answered with."""

import pytest

from permsync.simulator.faults import RateLimit
from permsync.simulator.kinds.azure_devops.dialect import TENANT
from permsync.simulator.kinds.azure_devops.rows import RESOURCE
from permsync.simulator.world import World
from tests.simulator.visitor import Visitor

ME = "/_apis/profile/profiles/me"
SUPPRESS = {"x_tfs_fedauthredirect": "Suppress", "accept": "application/json"}


def test_people_sign_in_below_the_tenant(azure: Visitor) -> None:
    assert azure.authorize_path == f"{TENANT}/authorize" == "/organizations/oauth2/v2.0/authorize"


def test_scopes_are_told_by_name_and_never_offline_access(azure: Visitor) -> None:
    tokens = azure.link()
    assert tokens["scope"] == f"{RESOURCE}/vso.code {RESOURCE}/vso.profile"
    assert (tokens["token_type"], tokens["expires_in"], tokens["ext_expires_in"]) == (
        "Bearer",
        3_600,
        3_600,
    )
    named = azure.exchange(azure.code(scope=f"{RESOURCE}/vso.code offline_access")).json
    assert named["scope"] == f"{RESOURCE}/vso.code"


def test_without_offline_access_there_is_no_refresh_token(azure: Visitor) -> None:
    assert "refresh_token" not in azure.exchange(azure.code(scope=f"{RESOURCE}/.default")).json


def test_a_lifetime_may_be_left_out(azure: Visitor) -> None:
    azure.host.faults.omit_expires_in = True
    assert not {"expires_in", "ext_expires_in"} & azure.link().keys()


def test_a_refresh_gives_a_new_token_and_leaves_the_old_one(azure: Visitor) -> None:
    first = azure.link()["refresh_token"]
    second = azure.refresh(first).json["refresh_token"]
    assert first != second
    assert azure.refresh(first).status == azure.refresh(second).status == 200


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client_secret": "wrong"}, (401, "invalid_client", 7000215)),
        ({"grant_type": "password"}, (400, "unsupported_grant_type", 70003)),
        ({}, (400, "invalid_grant", 700082)),
    ],
)
def test_a_refusal_has_oauths_code_and_a_number(
    azure: Visitor, world: World, changes: dict[str, str], said: tuple[int, str, int]
) -> None:
    answer = azure.refresh("dead", **changes)
    (number,) = answer.json["error_codes"]
    assert (answer.status, answer.json["error"], number) == said
    assert answer.json["error_description"].startswith(f"AADSTS{number}: ")
    assert world.canary in answer.json["error_description"]


def test_a_person_whom_the_directory_disabled_gets_no_token(azure: Visitor) -> None:
    token = azure.link()["refresh_token"]
    azure.host.set_account_state("ada", "deactivated")
    assert azure.refresh(token).json["error_codes"] == [50057]
    assert azure.get(ME).status == 203


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"redirect_uri": "https://elsewhere.example"}, 500112),
        ({"code_verifier": "another"}, 501481),
    ],
)
def test_a_code_is_refused_by_what_is_wrong_with_it(
    azure: Visitor, changes: dict[str, str], code: int
) -> None:
    assert azure.exchange(azure.code(), **changes).json["error_codes"] == [code]


def test_a_code_works_once(azure: Visitor) -> None:
    code = azure.code()
    azure.exchange(code)
    assert azure.exchange(code).json["error_codes"] == [70008]


@pytest.mark.parametrize("token", ["", "unknown"])
def test_fake_17_a_program_without_a_good_token_gets_a_page_to_sign_in_at(
    azure: Visitor, world: World, token: str
) -> None:
    answer = azure.get(ME, token=token, **SUPPRESS)
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (203, "text/html")
    assert "Azure DevOps Services | Sign In" in answer.text
    assert world.canary in answer.text


def test_an_expired_token_gets_the_page_too_at_every_address(azure: Visitor, world: World) -> None:
    azure.link()
    world.advance(3_600)
    for path in (ME, "/_apis/accounts?memberId=x", "/fabrikam/_apis/git/repositories"):
        assert azure.get(path, **SUPPRESS).status == 203


def test_fake_17_a_browser_is_sent_to_sign_in(azure: Visitor) -> None:
    answer = azure.get(ME, token="", accept="text/html")
    assert answer.status == 302
    assert answer.headers["location"].startswith(f"{azure.url}/_signin?")
    assert azure.get(ME, token="", accept="text/html", x_tfs_fedauthredirect="x").status == 203


def test_the_api_blocks_in_its_own_words_and_says_what_is_left(azure: Visitor) -> None:
    azure.link()
    azure.host.faults.rate_limit = RateLimit(retry_after_seconds=7)
    answer = azure.get(ME)
    assert answer.status == 429
    assert answer.json["message"].startswith("TF400733")
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["x-ratelimit-remaining"] == "0"


def test_entra_blocks_in_other_words(azure: Visitor) -> None:
    token = azure.link()["refresh_token"]
    azure.host.faults.rate_limit = RateLimit(where="token", retry_after_seconds=None)
    answer = azure.refresh(token)
    assert (answer.status, answer.json["error"]) == (429, "temporarily_unavailable")
    assert "retry-after" not in answer.headers


def test_fake_17_a_good_answer_may_ask_for_a_wait(azure: Visitor, world: World) -> None:
    azure.link()
    assert "x-ratelimit-limit" not in azure.get(ME).headers
    azure.host.faults.slow_down_seconds = 20
    answer = azure.get(ME)
    assert (answer.status, answer.headers["retry-after"]) == (200, "20")
    assert answer.headers["x-ratelimit-delay"] == "1.250"
    assert int(answer.headers["x-ratelimit-reset"]) - int(world.now()) in range(18, 21)
