"""
How a kind of host behaves, as far as its answers do not tell: counting, and rotating tokens.

This module must not know any host by name.
"""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Manners:
    """
    How requests are counted.

    ``shared`` means that the requests of all people count together, against our client;
    ``hourly`` is how many an hour allows where no answer says it; ``free_unchanged`` means
    that "is it still as it was?" costs nothing while the answer is yes.
    """

    shared: bool = False
    hourly: int | None = None
    free_unchanged: bool = False


class Rotation(StrEnum):
    """What a refresh does to the token that was presented (REFRESH 5)."""

    NONE = "none"
    TOLERANT = "tolerant"
    GRACE = "grace"
    STRICT = "strict"
    FAMILY = "family"
