"""The sample world has what the demo needs, and bulk worlds are quick to page through."""

from permsync.simulator.repositories import Level
from permsync.simulator.samples import (
    PEOPLE,
    bulk_accounts,
    bulk_repositories,
    sample_hosts,
    sample_world,
)
from permsync.simulator.server import RunningSimulator
from permsync.simulator.world import World
from tests.simulator.visitor import Visitor


def test_four_people_have_an_account_everywhere(world: World) -> None:
    assert list(PEOPLE) == ["ada", "grace", "linus", "margaret"]
    assert all(list(host.accounts) == list(PEOPLE) for host in world.hosts.values())


def test_up_to_a_hundred_repositories_at_each_host_and_of_every_visibility(world: World) -> None:
    everything = [each for host in world.hosts.values() for each in host.by_id()]
    assert all(50 <= len(world.hosts[name].repositories) <= 100 for name in sample_hosts())
    assert {each.visibility for each in everything} == {"private", "internal", "public"}
    assert any(each.archived for each in everything)


def test_every_host_has_one_client_with_its_callback(world: World) -> None:
    callbacks = {
        name: [uri for client in host.tokens.clients.values() for uri in client.redirect_uris]
        for name, host in world.hosts.items()
    }
    assert callbacks["github"] == ["http://127.0.0.1:8080/link/github/callback"]
    assert callbacks["sso"] == ["http://127.0.0.1:8080/signin/callback"]
    assert all(len(each) == 1 for each in callbacks.values())


def test_clients_and_address_can_be_given() -> None:
    world = sample_world(
        public_url="https://permsync.example/", clients={"gitlab": ("my-id", "my-secret")}
    )
    client = world.hosts["gitlab"].tokens.clients["my-id"]
    assert client.secret == "my-secret"
    assert client.redirect_uris == ["https://permsync.example/link/gitlab/callback"]


def test_gitlab_has_a_guest_a_planner_and_closed_code(world: World) -> None:
    gitlab = world.hosts["gitlab"]
    levels = {gitlab.level("margaret", each) for each in gitlab.by_id()}
    assert {Level.GUEST, Level.PLANNER} <= levels
    assert any(
        each.visibility == "public" and each.code_access == "private" for each in gitlab.by_id()
    )


def test_bulk_repositories_are_all_readable(simulator: RunningSimulator) -> None:
    made = bulk_repositories(simulator.world, "bitbucket-dc", 1_500, person="linus")
    visitor = Visitor(simulator, "bitbucket-dc")
    visitor.link("linus")
    path = "/rest/api/latest/repos?permission=REPO_READ&archived=ALL&limit=1000"
    first = visitor.get(path).json
    second = visitor.get(f"{path}&start={first['nextPageStart']}").json
    seen = {row["id"] for page in (first, second) for row in page["values"]}
    assert {each.id for each in made} < seen


def test_bulk_accounts_can_refresh_at_once(simulator: RunningSimulator) -> None:
    pairs = bulk_accounts(simulator.world, "gitlab", 20)
    assert {tuple(each.scopes) for each in pairs} == {("read_api", "read_user")}
    visitor = Visitor(simulator, "gitlab")
    tokens = visitor.refresh(str(pairs[7].refresh)).json
    answer = visitor.get("/oauth/token/info", token=tokens["access_token"])
    assert answer.json["resource_owner_id"] == visitor.host.accounts["person-000007"].id


def test_the_life_of_tokens_can_be_chosen_at_code_hosts() -> None:
    world = sample_world(access_seconds=9)
    lives = {name: host.policy.access_ttl_seconds for name, host in world.hosts.items()}
    assert lives.pop("sso") == 3_600
    assert set(lives.values()) == {9}
