"""The panel answers a person's browser on this machine, and believes no form of another site."""

import re
from urllib.parse import urlencode, urlsplit

import pytest

from permsync.simulator.panel import is_panel
from permsync.simulator.panel_actions import ACTIONS
from permsync.simulator.server import RunningSimulator
from permsync.simulator.world import World
from tests.simulator.visitor import Answer, Visitor, ask

FORMS = [f"hosts/github/{name}" for name in ACTIONS] + ["heal"]
ADDRESS = re.compile(r'(?:href|action|src)="(/[^"#]*)"')


def _look(simulator: RunningSimulator, path: str = "/panel") -> Answer:
    return ask("GET", simulator.url + path)


def _press(
    simulator: RunningSimulator, form: str, *, origin: str | None = "", **fields: str
) -> Answer:
    """Press a button of the panel's own page; another ``origin`` is another site's page."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if origin is not None:
        headers["Origin"] = origin or simulator.url
    url = f"{simulator.url}/panel/{form}"
    return ask("POST", url, urlencode(fields), headers=headers)


@pytest.mark.parametrize("path", ["/", "/panel", "/panel/"])
def test_the_panel_is_the_front_page_of_the_simulator(
    simulator: RunningSimulator, path: str
) -> None:
    page = _look(simulator, path)
    assert page.status == 200
    assert "Pretend code hosts" in page.text


def test_only_its_own_paths_are_the_panels() -> None:
    assert is_panel("/panel/hosts/github")
    assert not is_panel("/panels")
    assert not is_panel("/github/login/oauth/authorize")


def test_everything_that_a_page_names_is_there(simulator: RunningSimulator) -> None:
    seen: set[str] = set()
    waiting = ["/panel"]
    while waiting:
        path = waiting.pop()
        seen.add(path)
        page = _look(simulator, path)
        assert page.status == 200, path
        found = {each.replace("&amp;", "&") for each in ADDRESS.findall(page.text)}
        waiting += sorted(
            each
            for each in found - seen - set(waiting)
            if not any(each == f"/panel/{form}" for form in FORMS)
            and urlsplit(each).path.rpartition("/")[2] not in ACTIONS
        )
    assert {f"/panel/hosts/{name}" for name in simulator.world.hosts} <= seen
    assert "/panel/panel.css" in seen


@pytest.mark.parametrize("path", ["/panel", "/panel/hosts/gitlab", "/panel/requests"])
def test_a_page_needs_no_script_and_nothing_from_elsewhere(
    simulator: RunningSimulator, path: str
) -> None:
    page = _look(simulator, path)
    assert "<script" not in page.text
    assert " style=" not in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert "script-src" not in policy


def test_only_the_log_may_stand_in_a_frame_and_only_in_ours(simulator: RunningSimulator) -> None:
    policies = {
        path: _look(simulator, path).headers["content-security-policy"].rpartition("; ")[2]
        for path in ("/panel", "/panel/hosts/github", "/panel/requests")
    }
    assert policies == {
        "/panel": "frame-ancestors 'none'",
        "/panel/hosts/github": "frame-ancestors 'none'",
        "/panel/requests": "frame-ancestors 'self'",
    }


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://127.0.0.1:1"])
@pytest.mark.parametrize("form", FORMS)
def test_a_form_of_another_site_is_refused_and_changes_nothing(
    simulator: RunningSimulator, form: str, origin: str | None
) -> None:
    before = simulator.world.dump()
    answer = _press(simulator, form, origin=origin, switch="on", person="ada", state="blocked")
    assert answer.status == 403
    assert "another site" in answer.text
    assert simulator.world.dump() == before


def test_a_name_that_somebody_gave_to_this_machine_is_another_site(
    simulator: RunningSimulator,
) -> None:
    answer = ask(
        "POST",
        f"{simulator.url}/panel/heal",
        "",
        headers={"Host": "rebound.example", "Origin": "http://rebound.example"},
    )
    assert answer.status == 403


def test_pressing_leads_back_to_the_page_of_the_button(simulator: RunningSimulator) -> None:
    from_host = _press(simulator, "hosts/github/outage", switch="on", page="host")
    from_overview = _press(simulator, "hosts/github/outage", switch="off", page="overview")
    assert (from_host.status, from_overview.status) == (303, 303)
    assert from_host.headers["location"] == "/panel/hosts/github?done=away"
    assert from_overview.headers["location"] == "/panel?done=back"
    assert "The outage is over." in _look(simulator, "/panel?done=back").text


def test_a_page_field_leads_nowhere_else(simulator: RunningSimulator) -> None:
    answer = _press(simulator, "hosts/github/expire", page="https://evil.example")
    assert answer.headers["location"] == "/panel/hosts/github?done=expired"


def test_healing_everything_mends_every_host(simulator: RunningSimulator, world: World) -> None:
    for name in ("github", "gitlab"):
        _press(simulator, f"hosts/{name}/outage", switch="on")
    assert _press(simulator, "heal").headers["location"] == "/panel?done=healed"
    assert not any(host.faults.outage for host in world.hosts.values())


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("hosts/github/outage", {}),
        ("hosts/github/outage", {"switch": "perhaps"}),
        ("hosts/github/outage", {"switch": "on", "colour": "red"}),
        ("hosts/github/revoke", {"person": "nobody"}),
        ("hosts/github/block", {"person": "ada", "state": "dead"}),
        ("hosts/github/take", {"person": "ada", "namespace": "nowhere"}),
        ("hosts/github/take", {"person": "linus", "namespace": "acme"}),
        ("hosts/github/give", {"person": "ada", "namespace": "acme"}),
        ("hosts/github/visibility", {"repository": "acme/none", "visibility": "public"}),
        ("hosts/github/visibility", {"repository": "acme/api-00", "visibility": "secret"}),
        ("hosts/github/life", {"seconds": "0"}),
        ("hosts/github/life", {"seconds": "1e9"}),
    ],
)
def test_a_form_that_does_not_fit_is_400_and_changes_nothing(
    simulator: RunningSimulator, form: str, fields: dict[str, str]
) -> None:
    before = simulator.world.dump()
    answer = _press(simulator, form, **fields)
    assert answer.status == 400
    assert "load its page again" in answer.text
    assert simulator.world.dump() == before


def test_what_is_not_there_is_a_page_with_a_way_back(simulator: RunningSimulator) -> None:
    answers = [
        _look(simulator, "/panel/nothing"),
        _look(simulator, "/panel/hosts/nowhere"),
        _look(simulator, "/panel/requests?host=nowhere"),
        _press(simulator, "hosts/github/explode"),
        _press(simulator, "hosts/nowhere/expire"),
    ]
    assert {answer.status for answer in answers} == {404}
    assert all('href="/panel"' in answer.text for answer in answers)


def test_other_methods_are_refused(simulator: RunningSimulator) -> None:
    assert ask("DELETE", f"{simulator.url}/panel").status == 405


def test_the_log_shows_what_a_host_received(gitlab: Visitor) -> None:
    gitlab.link()
    text = _look(gitlab.simulator, "/panel/requests?host=gitlab").text
    assert "/oauth/token" in text
    assert "/oauth/token" not in _look(gitlab.simulator, "/panel/requests?host=github").text


def test_the_log_loads_itself_again_until_it_is_paused(simulator: RunningSimulator) -> None:
    refresh = '<meta http-equiv="refresh"'
    assert refresh in _look(simulator, "/panel/requests").text
    assert refresh not in _look(simulator, "/panel/requests?paused=yes").text
