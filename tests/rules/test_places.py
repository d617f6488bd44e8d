"""The places of a worker: common ones, and one for each host that has nothing in hand."""

from permsync.rules.places import Places, share_places

HOSTS = ("github", "gitlab", "forge")


def test_each_host_without_a_job_keeps_a_place() -> None:
    assert share_places(most=8, held={}, hosts=HOSTS) == Places(5, HOSTS)


def test_a_slow_host_fills_the_common_places_and_no_more() -> None:
    assert share_places(most=8, held={"github": 6}, hosts=HOSTS) == Places(0, ("gitlab", "forge"))


def test_a_host_that_works_keeps_nothing_for_later() -> None:
    held = {"github": 1, "gitlab": 1, "forge": 1}
    assert share_places(most=8, held=held, hosts=HOSTS) == Places(5)


def test_jobs_of_no_host_take_common_places() -> None:
    assert share_places(most=8, held={"": 3}, hosts=HOSTS) == Places(2, HOSTS)
    assert share_places(most=8, held={"": 7}, hosts=HOSTS) == Places(0, ("github",))


def test_with_no_more_places_than_hosts_urgency_decides() -> None:
    assert share_places(most=3, held={"github": 1}, hosts=HOSTS) == Places(2)


def test_no_place_is_shared_twice() -> None:
    assert share_places(most=4, held={"github": 4}, hosts=HOSTS) == Places(0)
