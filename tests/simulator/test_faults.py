"""Faults are used up in order, for the requests they are meant for, and quotas count windows."""

from permsync.simulator.faults import Faults, NextAnswer, Quota


def test_a_queued_answer_is_used_as_often_as_it_says() -> None:
    faults = Faults(next_answers=[NextAnswer("token", "html", times=2)])
    taken = [faults.take("token", "/token") for _ in range(3)]
    assert [each is not None for each in taken] == [True, True, False]


def test_a_queued_answer_waits_for_its_path() -> None:
    faults = Faults(
        next_answers=[NextAnswer("api", "html", match="page=2"), NextAnswer("api", "502")]
    )
    first = faults.take("api", "/repos?page=1")
    second = faults.take("api", "/repos?page=2")
    assert first is not None
    assert second is not None
    assert (first.shape, second.shape) == ("502", "html")


def test_a_queued_answer_for_the_api_does_not_strike_the_token_endpoint() -> None:
    faults = Faults(next_answers=[NextAnswer("api", "html")])
    assert faults.take("token", "/token") is None


def test_a_quota_admits_its_limit_in_each_window() -> None:
    quota = Quota(limit=2, window_seconds=10)
    assert [quota.admits(now) for now in (100, 101, 109, 110, 111, 112)] == [
        True,
        True,
        False,
        True,
        True,
        False,
    ]


def test_a_quota_tells_how_long_its_window_lasts() -> None:
    quota = Quota(limit=1, window_seconds=10)
    quota.admits(103.5)
    assert quota.wait_seconds(103.5) == 7
    assert quota.wait_seconds(109.9) == 1
