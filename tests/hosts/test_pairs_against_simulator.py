"""
One predicate (EVIDENCE R1): an ask says yes exactly when the listing holds the pair.

Every repository of every simulated host is asked about with a person's own token, and
their readers with an administrator's; the listings of the same world are the truth. The two
sides share no code.
"""

from collections.abc import Iterator

import pytest

from permsync.codehost import (
    Ask,
    Failure,
    Identity,
    KnownRepository,
    ListsReaders,
    PairAnswer,
    Reader,
)
from permsync.hosts import registry
from permsync.simulator.host import Host
from permsync.simulator.kinds import roles
from permsync.simulator.repositories import Level as SimulatedLevel
from permsync.simulator.repositories import Repository
from permsync.simulator.samples import sample_hosts
from permsync.simulator.server import RunningSimulator, serve
from permsync.simulator.world import World
from tests.hosts.linked_person import LinkedPerson, send
from tests.hosts.test_against_simulator import CASES, Case, _id_of, _link, _listed, _show

each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
LISTING = {
    name: case
    for name, case in CASES.items()
    if issubclass(registry()[sample_hosts()[case.name][0]], ListsReaders)
}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningSimulator]:
    with serve(World(roles())) as running:
        yield running


def known(host: Host, repository: Repository) -> KnownRepository:
    owner_id = _id_of(host, host.namespaces[repository.owner])
    return KnownRepository(_id_of(host, repository), owner_id, repository.full_name)


def identity(person: LinkedPerson) -> Identity:
    confirmed = person.identity()
    assert isinstance(confirmed, Identity)
    return confirmed


def ask_pair(person: LinkedPerson, repository: KnownRepository) -> PairAnswer | Failure:
    ask = person.host.pair_ask(repository, identity(person))
    return person.host.parse_pair(ask, send(ask.request, token=person.granted.access_token))


def readers(person: LinkedPerson, repository: KnownRepository) -> list[Reader] | Failure:
    host = person.host
    assert isinstance(host, ListsReaders)
    asks: list[Ask] = [host.readers_ask(repository)]
    found: list[Reader] = []
    while asks:
        ask = asks.pop(0)
        read = host.parse_readers(ask, send(ask.request, token=person.granted.access_token))
        if isinstance(read, Failure):
            return read
        assert not read.partial
        found += read.readers
        asks += read.follow
    return found


@each_case
def test_an_ask_and_the_listing_never_disagree(server: RunningSimulator, case: Case) -> None:
    """One thing alone may be left open: reading what everybody may read, as at GitHub."""
    host = _show(server, case)
    person = _link(server, case)
    listed = _listed(person)
    unsure = []
    for repository in list(host.repositories.values())[:60]:
        one = known(host, repository)
        answer = ask_pair(person, one)
        if isinstance(answer, Failure):
            unsure.append(repository)
            continue
        held = listed.get(one.external_id)
        assert answer == PairAnswer(held.level if held else None), one.full_name
    assert all(each.visibility != "private" for each in unsure)
    assert len(unsure) < min(60, len(host.repositories))


@each_case
def test_what_a_person_lost_or_what_is_gone_is_a_no(server: RunningSimulator, case: Case) -> None:
    host = _show(server, case)
    person = _link(server, case)
    mine = next(each for each in host.memberships("ada") if each.visibility == "private")
    one = known(host, mine)
    answer = ask_pair(person, one)
    assert isinstance(answer, PairAnswer)
    assert answer.level is not None
    host.leave("ada", namespace=mine.owner)
    host.revoke("ada", mine.id)
    assert ask_pair(person, one) == PairAnswer(None)
    host.remove_repository(mine.id)
    assert ask_pair(person, one) == PairAnswer(None)


@pytest.mark.parametrize("case", LISTING.values(), ids=LISTING)
def test_the_readers_of_a_repository_are_those_whose_listing_holds_it(
    server: RunningSimulator, case: Case
) -> None:
    host = _show(server, case)
    admin = _link(server, case)
    mine = next(each for each in host.memberships("ada") if each.visibility == "private")
    host.join("ada", namespace=mine.owner, level=SimulatedLevel.OWNER)
    one = known(host, mine)
    found = readers(admin, one)
    assert isinstance(found, list), found
    holders = {
        _id_of(host, account)
        for account in host.accounts.values()
        if host.level(account.person, mine) >= SimulatedLevel.REPORTER
    }
    assert {each.external_id for each in found} == holders
    assert len(found) > 1
