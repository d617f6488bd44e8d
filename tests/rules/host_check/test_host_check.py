"""What cannot be told is said to be unknown, and is never taken for right."""

import pytest

from permsync.rules.host_check import Check, Found, unasked


@pytest.mark.parametrize("check", Check)
def test_what_was_not_answered_is_unknown_and_blames_no_setting(check: Check) -> None:
    finding = unasked(check)
    assert (finding.check, finding.found) == (check, Found.UNKNOWN)
    assert "does not answer" in finding.what
    assert not finding.cure
