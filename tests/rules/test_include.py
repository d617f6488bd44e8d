"""
Only repositories of owners that the operator named are mirrored.

The rows below are owners as hosts write them; what is not included is never stored.
"""

import pytest

from permsync.codehost import ListedRepository
from permsync.model import Visibility
from permsync.rules.include import included


def _repository(owner: str, *, external_id: str = "7", name: str = "one") -> ListedRepository:
    return ListedRepository(
        external_id=external_id,
        owner_id="1",
        owner=owner,
        full_name=f"{owner}/{name}",
        visibility=Visibility.PRIVATE,
    )


def _is_kept(owner: str, *include: str) -> bool:
    return bool(included([_repository(owner)], frozenset(include)))


# owner as listed, what the operator wrote
@pytest.mark.parametrize(
    ("owner", "include"),
    [
        ("acme", "acme"),
        ("Acme", "aCME"),  # hosts compare names without case
        ("STRASSE", "straße"),  # and so do we beyond ASCII
        ("acme/search/ranking", "acme"),  # a group includes its subgroups
        ("acme/search/ranking", "acme/search"),
        ("acme/search", "acme/search/"),  # as people paste it from an address
        ("acme/search", "/acme/search"),
        ("anything", "*"),
    ],
)
def test_a_repository_of_a_named_owner_is_kept(owner: str, include: str) -> None:
    assert _is_kept(owner, include)


@pytest.mark.parametrize(
    ("owner", "include"),
    [
        ("ada", "acme"),
        ("acme-labs", "acme"),  # a prefix of a name is another owner
        ("acme", "acme/search"),  # a subgroup does not include its group
        ("other/acme", "acme"),  # nor does a name further down count
        ("acme", "acm*"),  # one star alone means all; it is no pattern
    ],
)
def test_a_repository_of_another_owner_is_left_out(owner: str, include: str) -> None:
    assert not _is_kept(owner, include)


def test_naming_nobody_keeps_nothing() -> None:
    assert not _is_kept("acme")


def test_one_of_several_named_owners_is_enough() -> None:
    assert _is_kept("acme", "labs", "acme")


def test_a_repository_that_pages_showed_twice_is_kept_once_as_last_seen() -> None:
    """A listing is no snapshot: a rename between two pages shows one id under two names."""
    first, last = _repository("acme", name="old"), _repository("acme", name="new")
    assert included([first, last], frozenset({"acme"})) == (last,)


def test_what_is_kept_is_kept_unchanged_and_in_order() -> None:
    listed = [_repository("acme", external_id=id_) for id_ in ("3", "1", "2")]
    assert included(listed, frozenset({"acme"})) == tuple(listed)
