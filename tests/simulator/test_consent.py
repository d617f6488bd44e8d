"""The consent page asks a person, and never redirects to an address that is not registered."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from permsync.simulator.browser import ConsentFailedError, consent
from permsync.simulator.world import World
from tests.simulator.visitor import Visitor, ask


def _query(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def test_the_page_offers_every_active_person_and_needs_no_script(gitlab: Visitor) -> None:
    gitlab.host.set_account_state("linus", "blocked")
    page = ask("GET", gitlab.authorize_url()).text
    assert [
        name for name in ("ada", "grace", "linus", "margaret") if f'value="{name}"' in page
    ] == [
        "ada",
        "grace",
        "margaret",
    ]
    assert "<script" not in page


def test_names_and_scopes_are_escaped(gitlab: Visitor) -> None:
    gitlab.host.accounts["ada"].full_name = "<img src=x onerror=alert(1)>"
    page = ask("GET", gitlab.authorize_url(scope='"><b>')).text
    assert "<img" not in page
    assert "<b>&" not in page
    assert "&lt;img src=x" in page


def test_a_browser_is_who_it_was_at_the_last_consent_anywhere(
    gitlab: Visitor, github: Visitor
) -> None:
    ask("GET", gitlab.authorize_url())
    request = next(iter(gitlab.host.tokens.pending))
    form = urlencode({"request": request, "person": "grace", "decision": "approve"})
    answer = ask("POST", f"{gitlab.url}/oauth/authorize/decision", form)
    cookie = answer.headers["set-cookie"].partition(";")[0]
    page = ask("GET", github.authorize_url(), headers={"Cookie": cookie}).text
    assert 'value="grace" required checked' in page
    assert page.count(" required checked") == 1


def test_single_sign_on_is_approved_for_the_organisations_that_were_ticked(
    github: Visitor,
) -> None:
    names = github.host.namespaces
    faults = github.host.faults
    faults.sso_partial = [names["acme"].id, names["acme-labs"].id]
    page = ask("GET", github.authorize_url()).text
    assert "Single sign-on of acme" in page
    consent(github.authorize_url(), person="ada")
    assert len(faults.sso_partial) == 2

    *_, request = github.host.tokens.pending
    ticked = {"request": request, "person": "ada", "decision": "approve", "sign_on": "acme"}
    ask("POST", f"{github.url}/login/oauth/authorize/decision", urlencode(ticked))
    assert faults.sso_partial == [names["acme-labs"].id]
    faults.sso_partial = []
    assert "Single sign-on" not in ask("GET", github.authorize_url()).text


def test_a_login_hint_chooses_the_person_beforehand(gitlab: Visitor) -> None:
    page = ask("GET", gitlab.authorize_url(login_hint="grace@example.com")).text
    assert 'value="grace" required checked' in page


def test_approval_returns_code_and_state(gitlab: Visitor) -> None:
    location = consent(gitlab.authorize_url(), person="ada")
    assert location.startswith(gitlab.redirect_uri + "?")
    assert _query(location)["state"] == "a-state"
    assert _query(location)["code"] in gitlab.host.tokens.codes


def test_denial_returns_access_denied_and_state(gitlab: Visitor) -> None:
    answer = _query(consent(gitlab.authorize_url(), person="ada", decision="deny"))
    assert (answer["error"], answer["state"]) == ("access_denied", "a-state")
    assert "code" not in answer


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "http://127.0.0.1:8080/link/gitlab/callback/"},
        {"redirect_uri": "http://evil.example/"},
        {"client_id": "nobody"},
    ],
)
def test_a_wrong_client_or_address_gets_a_page_and_no_redirect(
    gitlab: Visitor, changes: dict[str, str]
) -> None:
    with pytest.raises(ConsentFailedError) as failed:
        consent(gitlab.authorize_url(**changes), person="ada")
    assert failed.value.status == 400
    assert gitlab.simulator.world.canary in failed.value.page


@pytest.mark.parametrize(
    "changes", [{"response_type": "token"}, {"code_challenge_method": "plain"}]
)
def test_a_wrong_request_is_told_to_the_client(gitlab: Visitor, changes: dict[str, str]) -> None:
    answer = _query(consent(gitlab.authorize_url(**changes), person="ada"))
    assert answer["error"] == "invalid_request"


def test_a_host_may_demand_pkce(gitlab: Visitor) -> None:
    url = gitlab.authorize_url(code_challenge="", code_challenge_method="")
    assert "code" in _query(consent(url, person="ada"))
    gitlab.host.policy.pkce_required = True
    assert _query(consent(url, person="ada"))["error"] == "invalid_request"


def test_a_host_may_name_itself_in_the_callback(gitlab: Visitor) -> None:
    assert "iss" not in _query(consent(gitlab.authorize_url(), person="ada"))
    gitlab.host.policy.sends_iss = True
    assert _query(consent(gitlab.authorize_url(), person="ada"))["iss"] == gitlab.url


def test_only_ticked_scopes_that_were_asked_for_are_granted(gitlab: Visitor) -> None:
    assert gitlab.link(scopes=["read_user", "sudo"])["scope"] == "read_user"


def test_a_consumer_brings_its_own_scopes_where_none_are_asked_for(cloud: Visitor) -> None:
    tokens = cloud.exchange(cloud.code(scope="")).json
    assert tokens["scope"] == "account email repository"


def test_a_blocked_person_cannot_consent(gitlab: Visitor) -> None:
    gitlab.host.set_account_state("ada", "blocked")
    with pytest.raises(ConsentFailedError) as failed:
        consent(gitlab.authorize_url(), person="ada")
    assert failed.value.status == 403


def test_a_decision_is_taken_once(gitlab: Visitor, world: World) -> None:
    ask("GET", gitlab.authorize_url())
    request = next(iter(gitlab.host.tokens.pending))
    form = urlencode({"request": request, "person": "ada", "decision": "approve"})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"{gitlab.url}{gitlab.authorize_path}/decision"
    assert ask("POST", url, form, headers=headers).status == 302
    again = ask("POST", url, form, headers=headers)
    assert again.status == 400
    assert world.canary in again.text
