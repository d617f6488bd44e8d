"""A world lives on in a file: tokens, damage and ids, but not every request it ever had."""

import json
from pathlib import Path

import pytest

from permsync.simulator.keeping import REQUESTS_KEPT, UnreadableWorldError, load, save
from permsync.simulator.requestlog import RequestRecord
from permsync.simulator.samples import sample_world

HERE = "http://127.0.0.1:8080"


def test_a_world_comes_back_as_it_was(tmp_path: Path) -> None:
    world = sample_world(public_url=HERE)
    world.advance(60)
    save(world, tmp_path / "world")
    again = load(tmp_path / "world", public_url=HERE)
    assert again is not None
    assert again.dump() == world.dump()


def test_without_a_file_there_is_no_world(tmp_path: Path) -> None:
    assert load(tmp_path / "world", public_url=HERE) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"hosts": 3}', "\udcff"])
def test_what_is_no_world_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "world"
    file.write_text(text, errors="surrogateescape")
    with pytest.raises(UnreadableWorldError, match="world"):
        load(file, public_url=HERE)


def test_only_the_newest_requests_are_kept(tmp_path: Path) -> None:
    world = sample_world(public_url=HERE)
    for number in range(REQUESTS_KEPT + 5):
        world.hosts["github"].log.add(RequestRecord(number, "github", "GET", "/"))
    save(world, tmp_path / "world")
    again = load(tmp_path / "world", public_url=HERE)
    assert again is not None
    kept = [each.at for each in again.requests("github")]
    assert kept == list(range(5, REQUESTS_KEPT + 5))


def test_the_file_is_its_owners_alone_and_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "world"
    for _ in range(2):
        save(sample_world(public_url=HERE), file)
    assert file.stat().st_mode & 0o077 == 0
    assert json.loads(file.read_text())["hosts"].keys() == sample_world().hosts.keys()
    assert list(tmp_path.iterdir()) == [file]


def test_clients_may_call_back_to_where_permsync_is_now_and_was(tmp_path: Path) -> None:
    save(sample_world(public_url=HERE), tmp_path / "world")
    for _ in range(2):
        again = load(tmp_path / "world", public_url="http://127.0.0.1:9999/")
        assert again is not None
        save(again, tmp_path / "world")
    assert again is not None
    callbacks = {
        name: next(iter(host.tokens.clients.values())).redirect_uris
        for name, host in again.hosts.items()
    }
    assert callbacks["sso"] == [
        "http://127.0.0.1:9999/signin/callback",
        "http://127.0.0.1:8080/signin/callback",
    ]
    assert callbacks["gitlab"][0] == "http://127.0.0.1:9999/link/gitlab/callback"
