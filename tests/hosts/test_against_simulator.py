"""
Each host file's whole chain against the simulator, which was written without it.

Consent, code, identity, listing, refresh and revocation, over real HTTP. What the world
holds is the truth here; the two sides share no code, so a disagreement is somebody's fault.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from permsync.codehost import (
    Failure,
    FailureKind,
    Identity,
    ListedRepository,
    Page,
    Rotation,
    TokenGrant,
    TokenRefusal,
    TokenRefusalKind,
)
from permsync.model import Level, Visibility
from permsync.simulator.host import Host
from permsync.simulator.kinds import roles
from permsync.simulator.repositories import Account, Namespace, Repository
from permsync.simulator.samples import bulk_repositories, sample_hosts, sample_world
from permsync.simulator.server import RunningSimulator, serve
from permsync.simulator.tokens import ClientKind
from permsync.simulator.world import World
from tests.hosts.linked_person import PUBLIC_URL, LinkedPerson, host_at, link


@dataclass(frozen=True)
class Case:
    """One way to be registered at one of the simulator's hosts."""

    name: str
    app: ClientKind | None = None

    def options(self) -> dict[str, str | int | bool]:
        return {} if self.app is None else {"app": self.app}


def _cases() -> Iterator[tuple[str, Case]]:
    """Every code host of the sample world, once for each way its role tells apart."""
    for name, (kind, _) in sample_hosts().items():
        for app in roles()[kind].prefixes:
            yield f"{name}, {app}", Case(name, app)
        if not roles()[kind].prefixes:
            yield name, Case(name)


CASES = dict(_cases())
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
each_rotating = pytest.mark.parametrize(
    "case", [case for case in CASES.values() if case.app != "oauth"]
)


@pytest.fixture(scope="module")
def server() -> Iterator[RunningSimulator]:
    with serve(World(roles())) as running:
        yield running


def _show(server: RunningSimulator, case: Case) -> Host:
    world = sample_world(public_url=PUBLIC_URL, github_client_kind=case.app or "github_app")
    server.show(world)
    return world.hosts[case.name]


def _link(server: RunningSimulator, case: Case, person: str = "ada") -> LinkedPerson:
    host = host_at(server, case.name, options=case.options())
    return link(host, name=case.name, person=person)


def _pages(person: LinkedPerson) -> list[Page]:
    pages = person.list_pages()
    assert isinstance(pages, list), pages
    return pages


def _listed(person: LinkedPerson) -> dict[str, ListedRepository]:
    return {one.external_id: one for page in _pages(person) for one in page.repositories}


def _id_of(host: Host, one: Repository | Namespace | Account) -> str:
    """The immutable id that the kind tells things apart by."""
    return roles()[host.kind].id_of(one)


def _truth(host: Host, case: Case, person: str) -> dict[str, Repository]:
    """What the world says the person's listing holds, within the app's installations."""
    lists = roles()[host.kind].lists
    readable = [each for each in host.repositories.values() if lists(host, person, each)]
    if case.app == "github_app":
        installed = host.installations.values()
        readable = [each for each in readable if any(one.covers(each) for one in installed)]
    return {_id_of(host, each): each for each in readable}


def _assert_whole(pages: list[Page]) -> None:
    """No marker, and every count fits: as the listing shell judges (EVIDENCE R3)."""
    seen: dict[str, set[str]] = {}
    for page in pages:
        seen.setdefault(page.series, set()).update(page.seen)
    assert not any(page.partial for page in pages)
    counted = [page for page in pages if page.expected is not None]
    assert all(len(seen[page.series]) == page.expected for page in counted)


@each_case
def test_a_linked_person_is_known_by_the_immutable_id(server: RunningSimulator, case: Case) -> None:
    host = _show(server, case)
    person = _link(server, case)
    identity = person.identity()
    assert isinstance(identity, Identity)
    assert identity.external_id == _id_of(host, host.accounts["ada"])


@each_case
def test_the_scopes_granted_are_the_scopes_needed(server: RunningSimulator, case: Case) -> None:
    _show(server, case)
    person = _link(server, case)
    assert person.host.missing_scopes(person.granted.scopes) == frozenset()


@each_case
@pytest.mark.parametrize("person", ["ada", "linus"])
def test_the_listing_is_what_the_world_says(
    server: RunningSimulator, case: Case, person: str
) -> None:
    host = _show(server, case)
    linked = _link(server, case, person)
    truth, listed = _truth(host, case, person), _listed(linked)
    assert truth
    assert {one.full_name for one in listed.values()} == {one.full_name for one in truth.values()}
    assert listed.keys() == truth.keys()
    _assert_whole(_pages(linked))


@each_case
def test_trap_17_owners_visibility_and_archive_are_what_the_world_says(
    server: RunningSimulator, case: Case
) -> None:
    host = _show(server, case)
    truth = _truth(host, case, "ada")
    for external_id, one in _listed(_link(server, case)).items():
        repository = truth[external_id]
        owner = host.namespaces[repository.owner]
        is_open = repository.code_access == "enabled"
        assert one.visibility == (repository.visibility if is_open else Visibility.PRIVATE)
        assert one.owner == owner.name
        assert one.owner_id == _id_of(host, owner)
        assert one.archived == (repository.archived and roles()[host.kind].tells_archives)


@each_case
def test_levels_are_what_the_world_says(server: RunningSimulator, case: Case) -> None:
    host = _show(server, case)
    found = {
        _truth(host, case, "ada")[external_id].owner: one.level
        for external_id, one in _listed(_link(server, case)).items()
    }
    first, second = list(host.namespaces)[:2]
    says_levels = roles()[host.kind].tells_levels
    assert found[first] is (Level.ADMIN if says_levels else Level.READ)
    assert found[second] is (Level.WRITE if says_levels else Level.READ)


@each_case
def test_hundreds_of_repositories_come_whole(server: RunningSimulator, case: Case) -> None:
    host = _show(server, case)
    bulk_repositories(server.world, case.name, 330, person="ada")
    if case.app == "github_app":
        space = host.namespaces["bulk"]
        template = next(iter(host.installations.values()))
        number = host.next_id()
        host.installations[number] = type(template)(number, template.client_id, space.name)
    person = _link(server, case)
    assert _listed(person).keys() == _truth(host, case, "ada").keys()
    _assert_whole(_pages(person))


@each_rotating
def test_a_refresh_heals_an_expired_token_and_spends_itself_where_the_file_says_so(
    server: RunningSimulator, case: Case
) -> None:
    host = _show(server, case)
    person = _link(server, case)
    first = person.granted
    host.tokens.expire_access("ada", now=server.world.now())
    expired = person.identity()
    assert isinstance(expired, Failure)
    assert expired.kind is FailureKind.CREDENTIAL_REJECTED
    pages = person.list_pages()
    assert isinstance(pages, Failure)
    assert pages.kind is FailureKind.CREDENTIAL_REJECTED
    second = person.refresh()
    assert isinstance(second, TokenGrant), second
    person.granted = second
    assert isinstance(person.identity(), Identity)
    assert second.expires_in is not None
    again = person.refresh(first.refresh_token)
    if person.host.rotation is Rotation.TOLERANT:
        assert isinstance(again, TokenGrant)
    else:
        assert person.host.rotation is Rotation.STRICT
        assert isinstance(again, TokenRefusal)
        assert again.kind is TokenRefusalKind.REJECTED


def test_an_oauth_apps_token_never_expires(server: RunningSimulator) -> None:
    _show(server, CASES["github, oauth"])
    person = _link(server, CASES["github, oauth"])
    assert person.granted.expires_in is None
    assert person.granted.refresh_token is None
    assert person.host.rotation is Rotation.NONE


@each_case
def test_a_wrong_secret_blames_the_client_and_no_account(
    server: RunningSimulator, case: Case
) -> None:
    host = _show(server, case)
    person = _link(server, case)
    next(iter(host.tokens.clients.values())).secret = "changed"
    refused = person.refresh("anything")
    assert isinstance(refused, TokenRefusal)
    assert refused.kind is TokenRefusalKind.CLIENT_ERROR


@each_case
def test_revoked_tokens_are_dead(server: RunningSimulator, case: Case) -> None:
    _show(server, case)
    person = _link(server, case)
    statuses = person.revoke()
    assert all(status in (200, 204) for status in statuses)
    identity = person.identity()
    if statuses:
        assert isinstance(identity, Failure)
        assert identity.kind is FailureKind.CREDENTIAL_REJECTED
    else:
        assert isinstance(identity, Identity)


@each_case
def test_a_blocked_account_is_told_apart_where_the_host_does(
    server: RunningSimulator, case: Case
) -> None:
    host = _show(server, case)
    person = _link(server, case)
    host.set_account_state("ada", "blocked")
    identity = person.identity()
    assert isinstance(identity, Failure)
    assert identity.kind in {FailureKind.ACCOUNT_DISABLED, FailureKind.CREDENTIAL_REJECTED}
