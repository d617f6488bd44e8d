"""Who belongs to an organisation, and what its members see without being given it."""

import pytest

from permsync.simulator.host import Host
from permsync.simulator.kinds.azure_devops.rights import belongs, is_listed, reads
from permsync.simulator.repositories import Level, Repository


@pytest.fixture
def host() -> Host:
    """Return a host with one organisation of two projects, and Ada in one of them."""
    made = Host(name="azure", kind="azure_devops", path="/azure")
    made.add_person("ada", full_name="Ada", email="ada@example.com")
    for name in ("fabrikam/core", "fabrikam/labs", "contoso/apps"):
        made.add_namespace(name)
    made.join("ada", namespace="fabrikam/labs", level=Level.NONE)
    return made


def test_a_member_of_any_project_belongs_to_its_organisation(host: Host) -> None:
    assert belongs(host, "ada", organisation="fabrikam")
    assert not belongs(host, "ada", organisation="contoso")


def test_who_may_read_one_repository_belongs_to_its_organisation(host: Host) -> None:
    one = host.add_repository("contoso/apps/engine")
    host.grant("ada", one.id, level=Level.REPORTER)
    assert belongs(host, "ada", organisation="contoso")


@pytest.mark.parametrize(
    ("name", "visibility", "listed"),
    [
        ("fabrikam/core/engine", "private", False),
        ("fabrikam/core/engine", "internal", True),
        ("fabrikam/core/engine", "public", True),
        ("contoso/apps/engine", "internal", False),
        ("contoso/apps/engine", "public", False),
    ],
)
def test_what_is_open_is_listed_to_members_of_the_organisation(
    host: Host, name: str, visibility: str, *, listed: bool
) -> None:
    one = host.add_repository(name, visibility=visibility)  # type: ignore[arg-type]  # parametrised
    assert is_listed(host, "ada", one) is listed
    assert reads(host, "ada", one) is listed


def _granted(host: Host, level: Level) -> Repository:
    one = host.add_repository("fabrikam/core/engine")
    host.grant("ada", one.id, level=level)
    return one


def test_what_was_granted_is_read_from_reporter_upwards(host: Host) -> None:
    assert reads(host, "ada", _granted(host, Level.REPORTER))
    assert not reads(host, "ada", _granted(host, Level.GUEST))


def test_what_is_disabled_is_listed_and_read_by_nobody(host: Host) -> None:
    one = _granted(host, Level.OWNER)
    one.code_access = "disabled"
    assert is_listed(host, "ada", one)
    assert not reads(host, "ada", one)
