"""
Host files against a simulator that misbehaves as the real hosts do (HOSTS 9.2).

Each case is a quirk of one host that a listing must survive, or must not believe.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from permsync.codehost import Failure, FailureKind, Page, TokenGrant
from permsync.simulator.faults import NextAnswer, RateLimit
from permsync.simulator.host import Host
from permsync.simulator.kinds import roles
from permsync.simulator.repositories import Level
from permsync.simulator.samples import bulk_repositories, sample_hosts, sample_world
from permsync.simulator.server import RunningSimulator, serve
from permsync.simulator.tokens import ClientKind
from permsync.simulator.world import World
from tests.hosts.linked_person import PUBLIC_URL, LinkedPerson, host_at, link


@pytest.fixture(scope="module")
def server() -> Iterator[RunningSimulator]:
    with serve(World(roles())) as running:
        yield running


def _show(server: RunningSimulator, name: str, app: ClientKind = "oauth") -> Host:
    server.show(sample_world(public_url=PUBLIC_URL, github_client_kind=app))
    return server.world.hosts[name]


def _link(
    server: RunningSimulator, name: str, app: str | None = None, scopes: list[str] | None = None
) -> LinkedPerson:
    options: dict[str, str | int | bool] = {} if app is None else {"app": app}
    return link(host_at(server, name, options=options), name=name, scopes=scopes)


def _pages(person: LinkedPerson) -> list[Page]:
    pages = person.list_pages()
    assert isinstance(pages, list), pages
    return pages


def _failure(person: LinkedPerson) -> FailureKind:
    pages = person.list_pages()
    assert isinstance(pages, Failure)
    return pages.kind


def _ids(pages: list[Page]) -> set[str]:
    return {one.external_id for page in pages for one in page.repositories}


ALL = list(sample_hosts())


# All hosts


@pytest.mark.parametrize("name", ALL)
def test_rows_that_come_twice_are_one(server: RunningSimulator, name: str) -> None:
    host = _show(server, name)
    person = _link(server, name)
    before = _ids(_pages(person))
    host.faults.duplicate_ids = True
    assert _ids(_pages(person)) == before


@pytest.mark.parametrize("name", ["github", "gitlab", "bitbucket"])
def test_a_link_to_another_host_is_not_followed(server: RunningSimulator, name: str) -> None:
    host = _show(server, name)
    bulk_repositories(server.world, name, 150, person="ada")
    person = _link(server, name)
    host.faults.foreign_next = "http://127.0.0.2:1/next"
    assert _failure(person) is FailureKind.FOREIGN_LINK


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ("html", FailureKind.UNREADABLE),
        ("empty", FailureKind.UNREADABLE),
        ("empty_object", FailureKind.UNREADABLE),
        ("invalid_utf8", FailureKind.UNREADABLE),
        ("502", FailureKind.UNAVAILABLE),
        ("redirect", FailureKind.UNAVAILABLE),
    ],
)
def test_nonsense_is_classified(
    server: RunningSimulator, name: str, shape: str, kind: FailureKind
) -> None:
    host = _show(server, name)
    person = _link(server, name)
    host.faults.next_answers.append(NextAnswer("api", shape))  # type: ignore[arg-type]  # parametrised
    assert _failure(person) is kind


@pytest.mark.parametrize("name", ALL)
def test_a_limit_is_one_in_every_hosts_form(server: RunningSimulator, name: str) -> None:
    host = _show(server, name)
    person = _link(server, name)
    host.faults.rate_limit = RateLimit(retry_after_seconds=7)
    assert _failure(person) is FailureKind.RATE_LIMITED


# What an access token lives at a host that does not say so: each host's own documentation.
LIVES = {
    "gitlab": timedelta(hours=2),
    "bitbucket": timedelta(hours=2),
    "bitbucket-dc": timedelta(hours=1),
}


@pytest.mark.parametrize("name", LIVES)
def test_a_forgotten_lifetime_and_refresh_token_lose_nothing(
    server: RunningSimulator, name: str
) -> None:
    host = _show(server, name)
    person = _link(server, name)
    host.faults.omit_expires_in = True
    host.faults.omit_refresh_token = True
    granted = person.refresh()
    assert isinstance(granted, TokenGrant)
    assert granted.refresh_token is None
    assert granted.expires_in == LIVES[name]


# GitHub


@pytest.mark.parametrize("status", [403, 429])
def test_githubs_secondary_limit_is_known_by_its_words(
    server: RunningSimulator, status: int
) -> None:
    host = _show(server, "github")
    person = _link(server, "github", "oauth")
    host.faults.rate_limit = RateLimit(status=status, retry_after_seconds=None, secondary=True)
    assert _failure(person) is FailureKind.RATE_LIMITED


def test_githubs_links_by_id_are_followed(server: RunningSimulator) -> None:
    host = _show(server, "github")
    bulk_repositories(server.world, "github", 330, person="ada")
    person = _link(server, "github", "oauth")
    before = _ids(_pages(person))
    host.faults.next_by_id = True
    assert _ids(_pages(person)) == before


def test_githubs_single_sign_on_names_the_owners_it_left_out(server: RunningSimulator) -> None:
    host = _show(server, "github")
    person = _link(server, "github", "oauth")
    acme = host.namespaces["acme"].id
    seen = {one.owner_id for page in _pages(person) for one in page.repositories}
    host.faults.sso_partial = [acme]
    pages = _pages(person)
    assert frozenset().union(*(page.gaps for page in pages)) == {str(acme)}
    assert str(acme) in seen - {one.owner_id for page in pages for one in page.repositories}


def test_a_suspended_installation_names_the_owner_it_leaves_out(server: RunningSimulator) -> None:
    host = _show(server, "github", "github_app")
    person = _link(server, "github", "github_app")
    whole = _ids(_pages(person))
    installation = next(iter(host.installations.values()))
    installation.suspended_at = 1.0
    pages = _pages(person)
    owner = str(host.namespaces[installation.namespace].id)
    assert frozenset().union(*(page.gaps for page in pages)) == {owner}
    assert _ids(pages) < whole


def test_scopes_that_a_person_took_back_end_the_listing(server: RunningSimulator) -> None:
    host = _show(server, "github")
    person = _link(server, "github", "oauth")
    host.tokens.shrink_scopes([], person="ada")
    assert _failure(person) is FailureKind.INSUFFICIENT_SCOPE


def test_a_person_may_untick_a_scope(server: RunningSimulator) -> None:
    _show(server, "github")
    person = _link(server, "github", "oauth", scopes=[])
    assert person.host.missing_scopes(person.granted.scopes) == frozenset({"repo"})


# GitLab


def test_gitlab_tells_a_missing_scope_in_words(server: RunningSimulator) -> None:
    host = _show(server, "gitlab")
    person = _link(server, "gitlab")
    host.tokens.shrink_scopes(["read_user"], person="ada")
    assert _failure(person) is FailureKind.INSUFFICIENT_SCOPE


def test_gitlab_wants_the_redirect_address_again_and_gets_it(server: RunningSimulator) -> None:
    host = _show(server, "gitlab")
    host.policy.redirect_uri_on_refresh = True
    assert isinstance(_link(server, "gitlab").refresh(), TokenGrant)


def test_gitlabs_guests_read_no_code(server: RunningSimulator) -> None:
    host = _show(server, "gitlab")
    guest = host.add_repository("elsewhere/guest")
    host.grant("ada", guest.id, level=Level.GUEST)
    custom = host.add_repository("elsewhere/custom")
    host.grant("ada", custom.id, level=Level.GUEST)
    custom.custom_readers.append("ada")
    host.touch()
    listed = _ids(_pages(_link(server, "gitlab")))
    assert str(guest.id) not in listed
    assert str(custom.id) in listed


def test_more_projects_than_gitlab_counts_are_listed_all_the_same(
    server: RunningSimulator,
) -> None:
    _show(server, "gitlab")
    made = bulk_repositories(server.world, "gitlab", 10_001, person="ada")
    pages = _pages(_link(server, "gitlab"))
    assert {str(each.id) for each in made} <= _ids(pages)
    assert not any(page.expected for page in pages)


# Bitbucket


@pytest.mark.parametrize("old_name", [True, False])
def test_bitbuckets_scopes_are_read_under_both_names(
    server: RunningSimulator, *, old_name: bool
) -> None:
    host = _show(server, "bitbucket")
    host.policy.sends_scopes_key = old_name
    granted = _link(server, "bitbucket").granted
    assert granted.scopes is not None
    assert {"account", "repository"} <= granted.scopes


def test_an_empty_page_of_data_center_is_not_the_end(server: RunningSimulator) -> None:
    host = _show(server, "bitbucket-dc")
    person = _link(server, "bitbucket-dc")
    before = _ids(_pages(person))
    host.faults.empty_page = 1
    assert _ids(_pages(person)) == before
    assert before


def test_data_centers_friendly_answer_to_a_dead_token_is_not_believed(
    server: RunningSimulator,
) -> None:
    """With public access on, only the probe and the missing name tell (HOSTS 1.3 #9)."""
    host = _show(server, "bitbucket-dc")
    host.policy.public_access = True
    person = _link(server, "bitbucket-dc")
    probe = person.host.listing_asks()[0]
    host.tokens.revoke("ada")
    assert _failure(person) is FailureKind.CREDENTIAL_REJECTED
    read = person.identity()
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.CREDENTIAL_REJECTED
    assert probe.step == "probe"


def test_a_name_that_is_no_slug_is_found_by_search(server: RunningSimulator) -> None:
    host = _show(server, "bitbucket-dc")
    host.accounts["ada"].login = "ada@example.com"
    identity = _link(server, "bitbucket-dc").identity()
    assert not isinstance(identity, Failure)
    assert identity.login == "ada@example.com"
    assert identity.external_id == str(host.accounts["ada"].id)
