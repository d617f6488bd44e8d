"""Edits from outside change the stored world, naming repositories by id or by name."""

import pytest

from permsync.simulator import edits
from permsync.simulator.levers import Place
from permsync.simulator.repositories import Level, Repository
from permsync.simulator.samples import client_id_of
from permsync.simulator.world import World


@pytest.fixture
def place(world: World) -> Place:
    return Place(world, world.hosts["gitlab"])


def _found(place: Place, name: str) -> Repository:
    found = place.host.find_repository(name)
    assert found is not None
    return found


def test_a_person_is_added(place: Place) -> None:
    number = edits.add_person(place, person="joan", full_name="Joan", email="j@example.com")
    assert place.host.accounts["joan"].id == number


def test_a_repository_is_added_renamed_and_removed(place: Place) -> None:
    number = edits.add_repository(place, full_name="platform/extra", visibility="internal")
    edits.rename_repository(place, repository="platform/extra", name="<b>bold</b>")
    assert place.host.repositories[number].name == "<b>bold</b>"
    edits.remove_repository(place, repository=number)
    assert number not in place.host.repositories


def test_visibility_and_archive_are_changed(place: Place) -> None:
    edits.set_visibility(
        place, repository="platform/api-00", visibility="public", code_access="private"
    )
    edits.archive(place, repository="platform/api-00")
    found = _found(place, "platform/api-00")
    assert (found.visibility, found.code_access, found.archived) == ("public", "private", True)


def test_direct_membership_is_given_and_taken(place: Place) -> None:
    found = _found(place, "platform/web-01")
    edits.grant(place, person="linus", repository=found.id, level=30)
    assert place.host.level("linus", found) == Level.DEVELOPER
    edits.revoke(place, person="linus", repository=found.id)
    assert place.host.level("linus", found) == 0


def test_membership_of_a_namespace_is_given_and_taken(place: Place) -> None:
    found = _found(place, "platform/web-01")
    edits.join(place, person="linus", namespace="platform")
    assert place.host.level("linus", found) == Level.REPORTER
    edits.leave(place, person="linus", namespace="platform")
    assert place.host.level("linus", found) == 0


@pytest.mark.parametrize("missing", ["platform/nothing", 1])
def test_an_unknown_repository_is_an_error(place: Place, missing: int | str) -> None:
    with pytest.raises(KeyError):
        edits.remove_repository(place, repository=missing)


def test_an_app_is_installed_suspended_woken_and_uninstalled(world: World) -> None:
    place = Place(world, world.hosts["github"])
    place.host.add_namespace("new")
    number = edits.install(place, namespace="new")
    installed = place.host.installations
    one = installed[number]
    assert (one.client_id, one.namespace) == (client_id_of("github"), "new")
    edits.suspend(place, namespace="new")
    assert installed[number].suspended_at is not None
    edits.suspend(place, namespace="new", on=False)
    assert installed[number].suspended_at is None
    edits.uninstall(place, namespace="new")
    assert number not in place.host.installations
    with pytest.raises(KeyError):
        edits.uninstall(place, namespace="new")
