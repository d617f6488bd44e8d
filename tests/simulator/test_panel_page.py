"""Pages of the panel say what is broken, escape every name, and stay small in a large world."""

import re
import time
from typing import Any

import pytest

from permsync.simulator import panel_page
from permsync.simulator.faults import Faults, Quota, RateLimit
from permsync.simulator.host import Host
from permsync.simulator.kinds import roles
from permsync.simulator.levers import Place
from permsync.simulator.panel_actions import ACTIONS
from permsync.simulator.requestlog import RequestRecord
from permsync.simulator.samples import bulk_accounts, bulk_repositories, sample_world
from permsync.simulator.world import World
from tests.simulator.visitor import Visitor

MARKUP = "<img src=x onerror=alert(1)>\"'"
LARGE = 10_000


@pytest.fixture
def github_host(world: World) -> Host:
    return world.hosts["github"]


def _log(world: World, host: Host | None = None, *, notable_only: bool = False) -> str:
    return panel_page.requests(world, host, notable_only=notable_only, paused=False)


def _received(host: Host, count: int, *, began: float = 0, status: int = 200) -> None:
    for number in range(count):
        path = f"/{host.name}-{number}"
        host.log.add(RequestRecord(began + number, host.name, "GET", path, status=status))


def test_a_sound_host_works(world: World, github_host: Host) -> None:
    assert panel_page.broken(github_host) == []
    assert "Works" in panel_page.host_page(world, github_host)


def test_every_fault_has_a_word() -> None:
    assert panel_page.FAULT_WORDS.keys() == Faults.__dataclass_fields__.keys()


def test_what_is_broken_is_told_faults_first(world: World, github_host: Host) -> None:
    at = Place(world, github_host)
    github_host.faults.rate_limit = RateLimit()
    github_host.faults.outage = True
    ACTIONS["take"].do(at, {"person": "ada", "namespace": "acme"})
    ACTIONS["block"].do(at, {"person": "grace", "state": "blocked"})
    ACTIONS["visibility"].do(at, {"repository": "acme/api-00", "visibility": "public"})
    ACTIONS["life"].do(at, {"seconds": "5"})
    assert panel_page.broken(github_host) == [
        "Outage",
        "Rate limited",
        "Tokens live 5 s",
        "grace is blocked",
        "ada is out of acme",
        "acme/api-00 is public",
    ]


def test_what_is_broken_beyond_the_first_is_counted(github_host: Host) -> None:
    for person in range(20):
        account = github_host.add_person(f"p{person}", full_name="P", email="p@example.com")
        account.state = "blocked"
    told = panel_page.broken(github_host)
    assert len(told) == panel_page.MOST_BADGES + 1
    assert told[-1] == "12 more"


def test_a_repository_that_is_gone_is_not_told_of(github_host: Host) -> None:
    github_host.damage.visibility[4711] = "private"
    assert panel_page.broken(github_host) == []


def test_every_notice_is_found_by_its_word_and_no_other_word_says_anything(world: World) -> None:
    for word, text in panel_page.NOTICES.items():
        assert text in panel_page.overview(world, done=word)
    assert MARKUP not in panel_page.overview(world, done=MARKUP)
    assert 'class="notice"' not in panel_page.overview(world, done="nothing")


def test_markup_in_names_at_a_host_is_text_on_its_page(world: World, github_host: Host) -> None:
    person = github_host.add_person(MARKUP, full_name=MARKUP, email=MARKUP)
    github_host.add_namespace(MARKUP)
    github_host.join(MARKUP, namespace=MARKUP)
    github_host.add_repository(f"{MARKUP}/{MARKUP}")
    person.state = "blocked"
    _received(github_host, 1)
    github_host.log.records[0].path = MARKUP
    github_host.log.records[0].person = MARKUP
    ACTIONS["visibility"].do(
        Place(world, github_host),
        {"repository": f"{MARKUP}/{MARKUP}", "visibility": "public"},
    )
    pages = [
        panel_page.host_page(world, github_host),
        panel_page.overview(world),
        _log(world, github_host),
        panel_page.trouble(world, MARKUP),
    ]
    assert all("&lt;img src=x" in page for page in pages)
    assert not any("<img" in page for page in pages)


def test_who_holds_tokens_is_told_until_they_are_revoked(gitlab: Visitor) -> None:
    world, host = gitlab.simulator.world, gitlab.host
    assert "has tokens" not in panel_page.host_page(world, host)
    tokens = gitlab.link()
    gitlab.refresh(tokens["refresh_token"])
    assert panel_page.host_page(world, host).count("has tokens") == 1
    ACTIONS["revoke"].do(Place(world, host), {"person": "ada"})
    assert "has tokens" not in panel_page.host_page(world, host)


def test_a_sign_in_provider_has_no_buttons_for_tokens(world: World) -> None:
    page = panel_page.host_page(world, world.hosts["sso"])
    actions = set(re.findall(r'action="/panel/hosts/sso/(\w+)"', page))
    assert actions == {"outage", "block"}


def test_only_hosts_that_know_internal_offer_it(world: World) -> None:
    offering = [
        name
        for name, host in world.hosts.items()
        if "<option>internal</option>" in panel_page.host_page(world, host)
    ]
    knowing = [name for name, host in world.hosts.items() if roles()[host.kind].has_internal]
    assert offering == knowing != list(world.hosts)


def test_the_life_of_tokens_that_is_set_is_chosen(world: World, github_host: Host) -> None:
    ACTIONS["life"].do(Place(world, github_host), {"seconds": "15"})
    page = panel_page.host_page(world, github_host)
    assert '<option value="15" selected>15 s</option>' in page
    assert "Now 15 s." in page


@pytest.mark.parametrize(
    ("seconds", "told"), [(None, "for ever"), (28_800, "8 h"), (120, "2 min"), (0.5, "0.5 s")]
)
def test_a_life_is_told_in_the_largest_unit(
    world: World, github_host: Host, seconds: float | None, told: str
) -> None:
    github_host.policy.access_ttl_seconds = seconds
    assert f"Now {told}." in panel_page.host_page(world, github_host)


def test_the_log_is_the_newest_first_of_all_hosts(world: World) -> None:
    _received(world.hosts["github"], 40)
    _received(world.hosts["gitlab"], 1, began=20.5)
    told = re.findall(r"<code>/([\w-]+)</code>", _log(world))
    assert len(told) == panel_page.ROWS
    assert told[:2] == ["github-39", "github-38"]
    assert told[told.index("gitlab-0") - 1 :][:3] == ["github-21", "gitlab-0", "github-20"]


def test_notable_requests_are_refusals_and_grants(world: World, github_host: Host) -> None:
    _received(github_host, 3)
    _received(github_host, 1, began=10, status=401)
    github_host.log.records[1].grant = "refresh_token"
    told = re.findall(r"<code>/([\w-]+)</code>", _log(world, github_host, notable_only=True))
    assert told == ["github-0", "github-1"]


def test_a_request_without_an_answer_waits(world: World, github_host: Host) -> None:
    _received(github_host, 1, status=0)
    assert ">waits</span>" in _log(world, github_host)


@pytest.mark.parametrize(
    ("received", "told"),
    [
        ({"grant": "refresh_token", "person": "ada", "status": 200}, "refresh"),
        ({"grant": "refresh_token", "person": None, "status": 200}, "refresh refused"),
        ({"grant": "refresh_token", "person": None, "status": 503}, "refresh"),
        ({"grant": "refresh_token", "person": None, "status": 0}, "refresh"),
        ({"grant": "authorization_code", "person": "ada", "status": 200}, "sign-in"),
        ({"grant": "authorization_code", "person": None, "status": 401}, "sign-in refused"),
    ],
)
def test_a_refused_grant_is_told_whatever_its_status(
    world: World, github_host: Host, received: dict[str, Any], told: str
) -> None:
    github_host.log.add(RequestRecord(1, "github", "POST", "/t", **received))
    assert re.findall(r'class="grant[^>]*>([^<]*)<', _log(world)) == [told]


def test_permsync_is_where_the_callback_addresses_lead(world: World) -> None:
    assert 'href="http://127.0.0.1:8080/"' in panel_page.overview(world)
    for host in world.hosts.values():
        host.tokens.clients.clear()
    assert "Open permsync" not in panel_page.overview(world)


def test_no_address_that_is_not_http_becomes_a_link() -> None:
    world = World(roles())
    world.add_host("github", kind="github")
    world.add_client("github", client_id="a", secret="b", redirect_uris=["javascript:alert(1)"])
    assert "javascript" not in panel_page.overview(world)


def test_a_large_world_makes_small_pages() -> None:
    world = sample_world()
    host = world.hosts["gitlab"]
    bulk_accounts(world, "gitlab", LARGE)
    bulk_repositories(world, "gitlab", LARGE, person="ada")
    for number in range(LARGE):
        host.join("ada", namespace=host.add_namespace(f"space-{number}").name)
    _received(host, LARGE, began=time.time())
    host.faults.quota = Quota(1, 1)
    for repository in host.by_id()[:LARGE]:
        host.damage.visibility[repository.id] = "private"
    for account in host.accounts.values():
        account.state = "blocked"
    sizes = [
        len(panel_page.overview(world)),
        len(panel_page.host_page(world, host)),
        len(_log(world)),
    ]
    assert max(sizes) < 150_000
