"""Bitbucket Cloud's ids: in one form, whoever writes them."""

import pytest

from permsync.hosts.bitbucket_cloud.rows import normal, uuid_of


@pytest.mark.parametrize("written", ["{a-1}", "a-1", "A-1", "{A-1}"])
def test_an_id_is_kept_in_one_form(written: str) -> None:
    assert normal(written) == "{a-1}"
    assert uuid_of(written) == "{a-1}"


@pytest.mark.parametrize("value", [None, 7, "", "a b", "{}", "{a}}", "a" * 65, "\u00e4"])
def test_what_is_no_id_is_none(value: object) -> None:
    assert uuid_of(value) is None
