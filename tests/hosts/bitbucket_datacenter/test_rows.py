"""What one of Data Center's rows means: whom a repository is open to."""

import json
from typing import Any

import pytest

from permsync.hosts.bitbucket_datacenter import rows
from permsync.model import Visibility


def _visibility(row: dict[str, Any], *, public_access: bool = True) -> Visibility:
    return rows.listed_of(_read(row), public_access=public_access).visibility


def _read(row: dict[str, Any]) -> rows.Repository:
    body = json.dumps({"values": [row], "isLastPage": True}).encode()
    (one,) = rows.REPOSITORIES.decode(body).values
    return one


@pytest.mark.parametrize(
    ("repository", "project", "meaning"),
    [
        (True, False, Visibility.PUBLIC),
        (False, True, Visibility.PUBLIC),
        (False, False, Visibility.PRIVATE),
    ],
)
def test_a_repository_is_public_by_itself_or_by_its_project(
    *, repository: bool, project: bool, meaning: Visibility
) -> None:
    within = {"id": 3, "key": "ACME", "public": project}
    row = {"id": 7, "slug": "engine", "public": repository, "project": within}
    assert _visibility(row) is meaning
    assert _visibility(row, public_access=False) is Visibility.PRIVATE


def test_a_repository_that_does_not_say_so_is_not_public() -> None:
    row = {"id": 7, "slug": "engine", "project": {"id": 3, "key": "ACME"}}
    assert _visibility(row) is Visibility.PRIVATE


def test_a_list_of_readers_that_names_no_end_is_over() -> None:
    read = rows.HOLDERS.decode(b'{"values": [{"id": 4}]}')
    assert (read.is_last_page, read.values[0].active) == (True, True)
