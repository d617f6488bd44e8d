"""
Deliveries for the tests of host files: a body, the headers of the day, and what they say.

This module must not know any kind of host.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from permsync.codehost.hooks import Hooks, Reading
from permsync.codehost.notices import Notice
from permsync.codehost.signatures import Delivery
from permsync.hosts import registry


def hooks_of(kind: str) -> Hooks:
    """The webhooks of a kind that has some."""
    hooks = registry()[kind].hooks
    assert hooks is not None
    return hooks


def delivered(content: Any, headers: Mapping[str, str] | None = None) -> Delivery:
    """A delivery of JSON."""
    return Delivery(dict(headers or {}), json.dumps(content).encode(), datetime.now(UTC))


def reading_of(kind: str, content: Any, headers: Mapping[str, str] | None = None) -> Reading:
    """What this kind reads in a delivery."""
    return hooks_of(kind).parse(delivered(content, headers))


def notice_of(kind: str, content: Any, headers: Mapping[str, str] | None = None) -> Notice:
    """Which notice this kind reads in a delivery."""
    return reading_of(kind, content, headers).notice
