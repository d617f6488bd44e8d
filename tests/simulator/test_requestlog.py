"""The log answers how often each refresh token was presented."""

from permsync.simulator.requestlog import RequestLog, RequestRecord


def _record(
    path: str = "/token", *, grant: str | None = None, presented: str | None = None
) -> RequestRecord:
    return RequestRecord(0, "gitlab", "POST", path, grant=grant, presented=presented)


def test_token_posts_are_told_apart_by_grant() -> None:
    log = RequestLog()
    for grant in ("authorization_code", "refresh_token"):
        log.add(_record(grant=grant))
    log.add(_record("/user"))
    assert len(log.token_posts()) == 2
    assert [each.grant for each in log.token_posts("refresh_token")] == ["refresh_token"]


def test_each_refresh_token_is_counted() -> None:
    log = RequestLog()
    for token in ("one", "two", "one"):
        log.add(_record(grant="refresh_token", presented=token))
    assert log.presentations() == {"one": 2, "two": 1}


def test_requests_are_found_by_a_part_of_their_path() -> None:
    log = RequestLog()
    log.add(_record("/api/user"))
    log.add(_record("/api/projects"))
    assert [each.path for each in log.to_path("proj")] == ["/api/projects"]


def test_a_full_log_forgets_its_older_half() -> None:
    log = RequestLog(capacity=4)
    for number in range(5):
        log.add(_record(f"/{number}"))
    assert [each.path for each in log.records] == ["/2", "/3", "/4"]
