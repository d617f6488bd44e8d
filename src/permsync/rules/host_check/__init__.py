"""
What one look at a code host says of its configuration: fine, wrong, or not to be told.

What is decided here: the closed sets of what is looked at and what is found. Which answer to a
harmless request means that a setting is wrong, and the words for it with the cure, stand in
the modules beside this one. A host's own words are in none of them; what cannot be told is
said to be unknown and is never taken for right. No module here must know how a request is
sent; a fault of the way there comes as a word.
"""

from dataclasses import dataclass
from enum import StrEnum

from permsync.codehost import Response

TRY_LATER = "try later"


class Check(StrEnum):
    """What is looked at."""

    ADDRESS = "address"
    TLS = "tls"
    API = "api"
    CLOCK = "clock"
    CLIENT = "client"
    CALLBACK = "callback"
    SCOPES = "scopes"
    WEBHOOKS = "webhooks"
    CONNECTION = "connection"
    ROTATION = "rotation"


class Found(StrEnum):
    """What the look says."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One line of a check, in our words.

    ``cure`` is what to do, empty where nothing is to be done. ``about`` names a connection.
    """

    check: Check
    found: Found
    what: str
    cure: str = ""
    about: str = ""


# An answer, or why there is none.
Observed = Response | str


def unasked(check: Check) -> Finding:
    """Where the host does not answer, this cannot be told."""
    return Finding(check, Found.UNKNOWN, "not told: the host does not answer")
