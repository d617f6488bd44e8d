"""Signing keys: one for all worlds of a process, and new ones on request."""

from permsync.simulator.signing import new_key, usual_key


def test_the_usual_key_stays_and_a_new_one_differs() -> None:
    assert usual_key() == usual_key()
    assert new_key()["n"] != usual_key()["n"]


def test_a_key_knows_its_name_and_its_private_part() -> None:
    assert {"kty", "kid", "n", "e", "d"} <= set(usual_key())
