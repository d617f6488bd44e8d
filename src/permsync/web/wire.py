"""
The words of the wire that several routes share: ids, names, cursors, instants.

What is decided here: how long each field may be and which characters it may hold. Ids are
strings, because numbers of this size do not survive every JSON parser. Control characters
are refused: PostgreSQL stores no NUL, and no name has one. This module must not know any
route.
"""

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from permsync.errors import MalformedError

# Our ids count from 1 and fit a bigint; 18 digits always do.
_ID = r"^[1-9][0-9]{0,17}$"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")
_PLAIN = r"^[^\x00-\x1f\x7f]+$"

Id = Annotated[str, StringConstraints(pattern=_ID)]
HostName = Annotated[str, StringConstraints(pattern=_PLAIN, max_length=100)]
ExternalId = Annotated[str, StringConstraints(pattern=_PLAIN, max_length=200)]
FullName = Annotated[str, StringConstraints(pattern=_PLAIN, max_length=1_000)]
Issuer = Annotated[str, StringConstraints(pattern=_PLAIN, max_length=2_000)]
Subject = Annotated[str, StringConstraints(pattern=_PLAIN, max_length=500)]
Note = Annotated[str, StringConstraints(pattern=_PLAIN, max_length=500)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,64}$")]
Cursor = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", max_length=64)]


def _parse_instant(sent: object, parse: ValidatorFunctionWrapHandler) -> datetime:
    """Without an offset nobody knows which instant is meant, nor with a number of what."""
    if not (isinstance(sent, str) and _DATE.match(sent)):
        raise ValueError("a date and a time")
    instant: datetime = parse(sent)
    try:
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except OverflowError:
        pass
    raise ValueError("an offset, and a year that there is in UTC")


# Of a field that is a ``datetime``: written as ISO 8601 with its offset, and read in UTC.
INSTANT = WrapValidator(_parse_instant)

FIRST_PAGE = 100
LARGEST_PAGE = 1_000


class Question(BaseModel):
    """What a caller sends: a field that is not known is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def cursor_of(after: int | None) -> str | None:
    """The cursor that continues after this id; ``None`` at the end of a list."""
    if after is None:
        return None
    return base64.urlsafe_b64encode(f"after:{after}".encode()).rstrip(b"=").decode("ascii")


def parse_cursor(cursor: str | None) -> int:
    """The id that a list continues after; raises ``MalformedError`` for what we never gave."""
    if cursor is None:
        return 0
    try:
        word = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        word = ""
    name, _, digits = word.partition(":")
    if name != "after" or not digits.isdecimal() or cursor_of(int(digits)) != cursor:
        raise MalformedError(field="cursor", expected="This is no cursor of an earlier answer.")
    return int(digits)
