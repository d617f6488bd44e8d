"""Who may see and read what at a Gitea: teams, openness, owners that hide, and site admins."""

import pytest

from permsync.simulator.host import Host
from permsync.simulator.kinds.gitea import rights
from permsync.simulator.repositories import Account, Level, OwnerVisibility, Repository, Visibility


@pytest.fixture
def host() -> Host:
    """An organisation with a repository, and one of Ada's own."""
    made = Host(name="gitea", kind="gitea", path="/gitea")
    for person in ("ada", "grace"):
        made.add_person(person, full_name=person, email=f"{person}@example.com")
    made.add_repository("guild/engine")
    made.add_namespace("ada", personal=True)
    made.join("ada", namespace="ada", level=Level.OWNER)
    made.add_repository("ada/notes")
    return made


def _grace(host: Host) -> Account:
    return host.accounts["grace"]


def _engine(host: Host) -> Repository:
    found = host.find_repository("guild/engine")
    assert found is not None
    return found


def _level(host: Host) -> int:
    return rights.code_level(host, _grace(host), _engine(host))


@pytest.mark.parametrize(
    ("level", "code", "sees", "listed"),
    [
        (Level.OWNER, Level.OWNER, True, True),
        (Level.REPORTER, Level.REPORTER, True, True),
        (Level.GUEST, Level.NONE, True, True),
        (Level.NONE, Level.NONE, False, False),
    ],
)
def test_a_team_below_reporter_sees_a_repository_and_not_its_code(
    host: Host, level: Level, code: Level, *, sees: bool, listed: bool
) -> None:
    host.join("grace", namespace="guild", level=level)
    assert _level(host) == code
    assert rights.sees(host, _grace(host), _engine(host)) is sees
    assert rights.is_listed(host, _grace(host), _engine(host)) is listed


@pytest.mark.parametrize("level", [Level.GUEST, Level.DEVELOPER])
def test_a_collaborator_has_the_code_or_is_none(host: Host, level: Level) -> None:
    host.grant("grace", _engine(host).id, level=level)
    given = level >= Level.REPORTER
    assert _level(host) == (level if given else 0)
    assert rights.sees(host, _grace(host), _engine(host)) is given
    assert rights.collaborators(host, _engine(host)) == ([_grace(host)] if given else [])


@pytest.mark.parametrize(
    ("owner", "visibility", "restricted", "reads"),
    [
        ("public", "public", False, True),
        ("public", "private", False, False),
        ("public", "public", True, False),
        ("limited", "public", False, True),
        ("limited", "public", True, False),
        ("private", "public", False, False),
    ],
)
def test_what_is_open_is_so_as_far_as_its_owner(
    host: Host, owner: OwnerVisibility, visibility: Visibility, *, restricted: bool, reads: bool
) -> None:
    host.namespaces["guild"].visibility = owner
    host.set_visibility(_engine(host).id, visibility)
    _grace(host).restricted = restricted
    assert (_level(host) > 0) is reads
    assert rights.sees(host, _grace(host), _engine(host)) is reads
    assert not rights.is_listed(host, _grace(host), _engine(host))


def test_a_private_owner_shows_what_it_calls_public_to_its_members(host: Host) -> None:
    host.namespaces["guild"].visibility = "private"
    host.set_visibility(_engine(host).id, "public")
    host.join("grace", namespace="guild", level=Level.NONE)
    assert _level(host) == Level.REPORTER
    assert rights.is_listed(host, _grace(host), _engine(host))


def test_a_collaborator_of_a_hidden_owner_reads_all_the_same(host: Host) -> None:
    host.namespaces["guild"].visibility = "private"
    host.grant("grace", _engine(host).id)
    assert _level(host) == Level.REPORTER


def test_a_site_administrator_reads_everything_and_lists_only_their_own(host: Host) -> None:
    host.namespaces["guild"].visibility = "private"
    _grace(host).site_admin = True
    assert _level(host) == Level.OWNER
    assert rights.sees_owner(_grace(host), host.namespaces["guild"])
    assert rights.administers(host, _grace(host), _engine(host))
    assert not rights.is_listed(host, _grace(host), _engine(host))


def test_code_that_is_switched_off_is_read_by_nobody(host: Host) -> None:
    host.join("grace", namespace="guild", level=Level.OWNER)
    host.set_visibility(_engine(host).id, "private", code_access="disabled")
    assert _level(host) == 0
    assert rights.sees(host, _grace(host), _engine(host))
    assert rights.administers(host, _grace(host), _engine(host))


def test_ones_own_is_ones_own(host: Host) -> None:
    notes, ada = host.find_repository("ada/notes"), host.accounts["ada"]
    assert notes is not None
    assert rights.owns(host, ada, notes)
    assert rights.administers(host, ada, notes)
    assert rights.code_level(host, ada, notes) == Level.OWNER
    assert not rights.sees(host, _grace(host), notes)


def test_a_team_stands_for_a_level(host: Host) -> None:
    guild = host.namespaces["guild"]
    host.join("ada", namespace="guild", level=Level.NONE)
    host.join("grace", namespace="guild", level=Level.GUEST)
    assert rights.teams(guild) == [Level.GUEST]
    assert rights.team_members(host, guild, Level.GUEST) == [_grace(host)]
