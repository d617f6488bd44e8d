"""The set of log events is closed and none of it is idle: an alert on any may come."""

import pytest

from permsync.telemetry import Event
from tests.house.tree import SOURCE


@pytest.mark.parametrize("event", Event)
def test_every_event_is_logged_by_somebody(event: Event) -> None:
    named = f"Event.{event.name}"
    files = [one for one in SOURCE.rglob("*.py") if one.parent.name != "telemetry"]
    assert any(named in one.read_text() for one in files)
