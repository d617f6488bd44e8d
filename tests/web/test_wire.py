"""Ids fit the database, names hold no control characters, cursors are only ours."""

from datetime import UTC, datetime
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import TypeAdapter, ValidationError

from permsync.errors import MalformedError
from permsync.web.wire import INSTANT, ExternalId, Id, cursor_of, parse_cursor

ids: TypeAdapter[str] = TypeAdapter(Id)
external_ids: TypeAdapter[str] = TypeAdapter(ExternalId)
instants: TypeAdapter[datetime] = TypeAdapter(Annotated[datetime, INSTANT])


@pytest.mark.parametrize("sent", ["1", "17", "9" * 18])
def test_an_id_is_a_string_of_digits(sent: str) -> None:
    assert ids.validate_python(sent) == sent


@pytest.mark.parametrize(
    "sent", ["", "0", "-1", "01", "1.0", "1e3", " 1", "1\n", "x", "१", "9" * 19, "9" * 400, 1, None]
)
def test_what_no_id_of_ours_looks_like_is_refused(sent: object) -> None:
    with pytest.raises(ValidationError):
        ids.validate_python(sent)


def test_the_largest_id_fits_the_column() -> None:
    assert int("9" * 18) < 2**63


@pytest.mark.parametrize("sent", ["", "a\x00", "\x1f", "a\nb", "\x7f", "a" * 201, "\ud800"])
def test_what_the_database_or_a_log_cannot_hold_is_refused(sent: str) -> None:
    with pytest.raises(ValidationError):
        external_ids.validate_python(sent)


@given(some.integers(min_value=0, max_value=10**18))
def test_a_cursor_leads_back_to_where_it_came_from(after: int) -> None:
    cursor = cursor_of(after)
    assert cursor is not None
    assert len(cursor) <= 64
    assert parse_cursor(cursor) == after


def test_no_cursor_is_the_beginning_and_the_end() -> None:
    assert parse_cursor(None) == 0
    assert cursor_of(None) is None


@pytest.mark.parametrize(
    "cursor",
    ["x", "AAAA", "YWZ0ZXI6", "YWZ0ZXI6LTE", "YWZ0ZXI6MDE", "YmVmb3JlOjE", "YWZ0ZXI62aE"],
    ids=["no base64", "no text", "no id", "minus", "leading zero", "another word", "another digit"],
)
def test_a_cursor_that_we_never_gave_is_refused(cursor: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_cursor(cursor)
    assert caught.value.field == "cursor"


@pytest.mark.parametrize("sent", ["2030-01-31T19:30:00+01:30", "2030-01-31T18:00:00Z"])
def test_an_instant_is_told_in_utc(sent: str) -> None:
    read = instants.validate_python(sent)
    assert (read, read.tzinfo) == (datetime(2030, 1, 31, 18, tzinfo=UTC), UTC)


@pytest.mark.parametrize(
    "sent",
    ["2030-01-31T18:00:00", "2030-01-31", "soon", "", 1_900_000_000, None, True, "1900000000"],
)
def test_what_says_no_instant_or_no_offset_is_refused(sent: object) -> None:
    with pytest.raises(ValidationError):
        instants.validate_python(sent)


@pytest.mark.parametrize("sent", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_an_instant_outside_of_all_years_is_refused(sent: str) -> None:
    with pytest.raises(ValidationError):
        instants.validate_python(sent)
