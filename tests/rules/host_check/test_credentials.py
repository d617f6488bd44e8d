"""What is said of webhooks, of a connection's token, and of tokens that rotate."""

import pytest

from permsync.codehost import FailureKind, Rotation
from permsync.rules.host_check import Found
from permsync.rules.host_check.credentials import (
    judge_connection,
    judge_rotation,
    judge_webhooks,
)


@pytest.mark.parametrize(
    ("sends", "secrets", "found"),
    [(False, 0, Found.OK), (True, 0, Found.UNKNOWN), (True, 2, Found.OK)],
)
def test_webhooks_are_a_choice_and_never_wrong(sends: bool, secrets: int, found: Found) -> None:
    assert judge_webhooks("one", sends=sends, secrets=secrets).found is found


@pytest.mark.parametrize(
    ("failure", "found"),
    [
        (None, Found.OK),
        (FailureKind.CREDENTIAL_REJECTED, Found.WRONG),
        (FailureKind.ACCOUNT_DISABLED, Found.WRONG),
        (FailureKind.INSUFFICIENT_SCOPE, Found.WRONG),
        (FailureKind.FORBIDDEN, Found.WRONG),
        (FailureKind.UNAVAILABLE, Found.UNKNOWN),
        (FailureKind.RATE_LIMITED, Found.UNKNOWN),
    ],
)
def test_only_the_hosts_definite_word_makes_a_connection_wrong(
    failure: FailureKind | None, found: Found
) -> None:
    finding = judge_connection("acme-admin", failure)
    assert (finding.found, finding.about) == (found, "acme-admin")
    assert bool(finding.cure) == (found is not Found.OK)


def test_an_app_that_nobody_let_in_is_wrong_though_the_host_knows_it() -> None:
    assert judge_connection("app", None, installed=2).found is Found.OK
    nobody = judge_connection("app", None, installed=0)
    assert (nobody.found, nobody.about) == (Found.WRONG, "app")
    assert "install the app" in nobody.cure


@pytest.mark.parametrize("assumed", Rotation)
def test_only_a_rotation_that_nobody_assumed_is_wrong(assumed: Rotation) -> None:
    renewed = judge_rotation(assumed, refreshed=True, renewed=True)
    assert (renewed.found is Found.WRONG) == (assumed is Rotation.NONE)
    assert judge_rotation(assumed, refreshed=True, renewed=False).found is Found.OK


def test_an_account_that_was_not_refreshed_tells_nothing() -> None:
    finding = judge_rotation(Rotation.STRICT, refreshed=False, renewed=False)
    assert finding.found is Found.UNKNOWN
