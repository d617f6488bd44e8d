"""A kind can be played by having a folder, and what it says of itself is whole."""

from pathlib import Path

import pytest

from permsync.simulator import kinds
from permsync.simulator.application import dialect_of
from permsync.simulator.kinds import roles


def test_every_folder_is_a_kind_with_a_role_and_a_dialect() -> None:
    folders = {path.parent.name for path in Path(kinds.__file__).parent.glob("*/__init__.py")}
    assert list(roles()) == sorted(folders)
    for kind in roles():
        assert dialect_of(kind).token_path.startswith("/")


def test_no_two_kinds_share_a_place_in_the_sample_world() -> None:
    samples = [role.sample for role in roles().values()]
    assert len({sample.host for sample in samples}) == len(samples)
    assert len({sample.path for sample in samples}) == len(samples)


def test_every_code_host_has_an_owner_to_be_denied_at_and_one_to_read_at() -> None:
    for role in roles().values():
        assert role.is_provider or len(role.sample.owners) >= 2


def test_a_kind_that_is_not_here_has_no_dialect() -> None:
    with pytest.raises(ModuleNotFoundError):
        dialect_of("gogs")
