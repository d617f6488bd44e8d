"""
What happened at a host that its webhooks may tell: facts, as they were at that moment.

Knows nothing of how any kind of host words it (`Role.says`) or sends it (postman.py).
"""

from dataclasses import dataclass
from typing import Literal

from permsync.simulator.repositories import Account, Namespace, Repository

What = Literal[
    "ping",
    "granted",
    "regraded",
    "revoked",
    "joined",
    "left",
    "created",
    "removed",
    "renamed",
    "transferred",
    "made_private",
    "made_internal",
    "made_public",
    "authorization_revoked",
    "installed",
    "uninstalled",
    "suspended",
    "unsuspended",
    "covered",
    "uncovered",
]


@dataclass(frozen=True, slots=True)
class Happening:
    """
    One thing that happened; `was` is the name or owner that ended with it.

    `installation` is the id of what an app has at the owner, 0 where it is about none.
    """

    what: What
    person: Account | None = None
    repository: Repository | None = None
    owner: Namespace | None = None
    was: str = ""
    installation: int = 0
