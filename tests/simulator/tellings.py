"""
What happened, as every kind is told it, and the delivery that a kind makes of it.

This module must not know any kind.
"""

import hashlib
import hmac
from typing import Any

from permsync.simulator.faults import HookFaults
from permsync.simulator.happenings import Happening, What
from permsync.simulator.hooks import Hook, Outgoing, Style, compose
from permsync.simulator.kinds import roles
from permsync.simulator.repositories import Account, Namespace, Repository

SECRET = "It's a Secret to Everybody"
AT_SECONDS = 1614265330
ADA = Account("ada", 7, "{u-7}", "7:x", "ada", "Ada", "ada@example.com")
CORE = Namespace(3, "{w-3}", "core")
ENGINE = Repository(9, "{r-9}", "core", "engine", members={"ada": 30})
PEOPLE: tuple[What, ...] = ("granted", "regraded", "revoked", "joined", "left")


def said(kind: str, what: What, **about: Any) -> list[tuple[str, dict[str, Any]]]:
    """What this kind says about Ada and the engine."""
    facts = {"person": ADA, "repository": ENGINE, "owner": CORE, **about}
    return roles()[kind].says(Happening(what, **facts))


def made(
    kind: str, style: Style | None = None, *, secret: str = SECRET, faults: HookFaults | None = None
) -> Outgoing:
    """One delivery of this kind about project 7."""
    head = roles()[kind].letterhead
    return compose(
        Hook(3, "http://127.0.0.1:1/x", secret, style or head.style),
        head=head,
        event="member",
        content={"project_id": 7},
        at_seconds=AT_SECONDS,
        faults=faults or HookFaults(),
    )


def digest(body: bytes) -> str:
    """The digest of a body under the secret, in hexadecimal."""
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
