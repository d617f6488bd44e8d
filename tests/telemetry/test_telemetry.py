"""
No secret leaves through a log line, whoever wrote it and wherever in it the secret stands.

Covers ``permsync.telemetry``. Tokens here are made up; their shapes are their issuers'.
"""

import io
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as some

from permsync.errors import ConfigurationError
from permsync.telemetry import (
    DETAIL_MOST,
    REDACTED,
    Event,
    LogFormat,
    Metrics,
    configure_logging,
    host_detail,
    logger,
    redacted,
)
from tests.own_logging import own_logging

# Shape of a secret -> a text that holds it; the word "hush" is always part of the secret.
SHAPES = {
    "GitHub OAuth": "was gho_hush16C7e42F292c6912E7 before",
    "GitHub App user": "ghu_hush16C7e42F292c",
    "GitHub refresh": "ghr_hush16C7e42F292c",
    "GitHub installation": "ghs_hush16C7e42F292c",
    "GitHub installation, stateless": "ghs_901_eyJhb-x.eyJpc3MiOhush.c2lnhush-_",
    "GitHub classic": "ghp_hush16C7e42F292c",
    "GitHub fine-grained": "github_pat_11AAhush_abc",
    "GitLab personal": "glpat-hush-_x.01.abc",
    "GitLab runner": "glrt-hush",
    "GitLab deploy": "gldt-hush",
    "Bitbucket Cloud": "ATCTT3xFfGN0hush=ABC",
    "Bitbucket Data Center": "BBDC-hushNzY4",
    "JSON Web Token": "eyJhbGciOi.eyJzdWIihush.c2lnhush-_",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIhush\n-----END RSA PRIVATE KEY-----\n",
    "private key in one line": "'-----BEGIN PRIVATE KEY-----\\nMIhush\\nhush/+=",
    "bearer header": "Authorization: Bearer abc.hush~+/==",
    "basic header": "authorization: basic aHVzaDpodXNo",
    "password in a URL": "at postgresql+asyncpg://permsync:hush@db/permsync",
    "callback": "GET /link/github/callback?code=hush&state=hush HTTP/1.1",
    "form": "grant_type=refresh_token&refresh_token=hush&client_secret=hush",
    "JSON": '{"access_token": "hush", "token_type": "bearer", "refresh_token":"hush"}',
    "JSON in a quoted text": '"{\\"refresh_token\\": \\"hush\\"}"',
    "repr of a dictionary": "{'client_secret': 'hush', 'code_verifier': 'hush'}",
}

SECRET_KEYS = [
    *("access_token", "refresh_token", "token", "Authorization", "code", "code_verifier"),
    *("client_secret", "password", "cookie", "Set-Cookie", "sealing_key", "service_key", "nonce"),
]
OPEN_KEYS = ["error_code", "token_version", "state", "url", "reason", "primary_key"]


@pytest.fixture(name="lines")
def _lines() -> Iterator[Callable[..., str]]:
    """Configure logging anew, and give what was written; everything is put back after."""
    stream = io.StringIO()

    def written(write: Callable[[], object], *, log_format: LogFormat = "json") -> str:
        configure_logging(log_format=log_format, level="DEBUG", stream=stream)
        write()
        return stream.getvalue()

    with own_logging():
        yield written


@pytest.mark.parametrize("shape", SHAPES)
def test_a_text_loses_a_secret_of_the_shape(shape: str) -> None:
    assert "hush" not in redacted(SHAPES[shape])
    assert "aHVzaDpodXNo" not in redacted(SHAPES[shape])
    assert REDACTED in redacted(SHAPES[shape])


@pytest.mark.parametrize(
    "text",
    [
        "the refresh token was refused: invalid_grant",
        "GET https://api.github.com/user/repos?page=2&per_page=100",
        "exit code: 78",
        "token_version=3",
        "repository acme/engine at 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "postgresql://db/permsync",
    ],
)
def test_a_text_without_a_secret_stays(text: str) -> None:
    assert redacted(text) == text


@given(some.text())
def test_redaction_is_done_when_it_is_done(text: str) -> None:
    assert redacted(redacted(text)) == redacted(text)


@pytest.mark.parametrize("key", SECRET_KEYS)
@pytest.mark.parametrize("value", ["hush", b"hush", ["hush"], {"a": "hush"}], ids=repr)
def test_a_key_that_names_a_secret_has_no_value(
    lines: Callable[..., str], key: str, value: object
) -> None:
    assert "hush" not in lines(lambda: logger("test").info(Event.DEFECT, **{key: value}))


@pytest.mark.parametrize("key", OPEN_KEYS)
def test_a_key_that_only_sounds_like_a_secret_keeps_its_value(
    lines: Callable[..., str], key: str
) -> None:
    assert "shown" in lines(lambda: logger("test").info(Event.DEFECT, **{key: "shown"}))


def test_a_number_is_no_secret(lines: Callable[..., str]) -> None:
    written = lines(lambda: logger("test").info(Event.DEFECT, token=3, password=None))
    assert json.loads(written)["token"] == 3


class _Talkative:
    def __repr__(self) -> str:
        return "Session(token='gho_hush0123456789')"


@pytest.mark.parametrize(
    "value",
    [
        {"headers": {"authorization": "hush"}},
        [{"body": "refresh_token=hush"}],
        ("Bearer hush", {"gho_hush123"}),
        b"access_token=hush",
        _Talkative(),
        ValueError("gho_hush0123456789"),
    ],
    ids=["mapping", "list", "tuple", "bytes", "object", "exception"],
)
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_secret_deep_in_a_value_is_taken_out(
    lines: Callable[..., str], value: object, log_format: LogFormat
) -> None:
    written = lines(lambda: logger("test").info(Event.DEFECT, seen=value), log_format=log_format)
    assert "defect" in written
    assert "hush" not in written


def test_only_a_terminal_is_sent_colours(lines: Callable[..., str]) -> None:
    """A file or a journal would be full of their codes."""
    written = lines(lambda: logger("test").info(Event.DEFECT), log_format="console")
    assert "defect" in written
    assert "\x1b" not in written


def _raise() -> None:
    try:
        raise ValueError("refused: gho_inner_hush1234")
    except ValueError as error:
        raise RuntimeError("Bearer hush") from error


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("name", ["structlog", "permsync.web", "uvicorn.error", "asyncio"])
def test_a_traceback_is_written_without_secrets(
    lines: Callable[..., str], log_format: LogFormat, name: str
) -> None:
    def write() -> None:
        try:
            _raise()
        except RuntimeError:
            if name == "structlog":
                logger("test").exception(Event.DEFECT)
            else:
                logging.getLogger(name).exception("failed with %s", "gho_hush0123456789")

    written = lines(write, log_format=log_format)
    assert "Traceback" in written
    assert "RuntimeError" in written
    assert "hush" not in written


@pytest.mark.parametrize(
    "name", ["uvicorn", "uvicorn.error", "aiohttp.client", "sqlalchemy.engine"]
)
def test_a_library_with_a_handler_of_its_own_writes_through_ours(
    lines: Callable[..., str], name: str
) -> None:
    own = io.StringIO()
    library = logging.getLogger(name)
    library.addHandler(logging.StreamHandler(own))
    library.propagate = False
    written = lines(lambda: library.warning("token=hush"))
    assert json.loads(written)["logger"] == name
    assert "hush" not in written + own.getvalue()


def test_requests_to_ourselves_are_not_logged_one_by_one(lines: Callable[..., str]) -> None:
    access = logging.getLogger("uvicorn.access")
    assert lines(lambda: access.info("GET /link/github/callback?code=hush")) == ""


def test_a_line_that_cannot_be_written_is_dropped_without_its_arguments(
    lines: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    written = lines(lambda: logging.getLogger("library").warning("%d", "hush"))
    assert "hush" not in written + capsys.readouterr().err


def test_a_line_says_when_where_how_bad_and_what(lines: Callable[..., str]) -> None:
    written = json.loads(
        lines(lambda: logger("permsync.flows").warning(Event.RUN_FENCED, run_id=7))
    )
    assert datetime.fromisoformat(written.pop("timestamp")).tzinfo == UTC
    assert written == {
        "event": "run_fenced",
        "level": "warning",
        "logger": "permsync.flows",
        "run_id": 7,
    }


def test_what_is_bound_to_the_task_is_in_every_line(lines: Callable[..., str]) -> None:
    def write() -> None:
        with structlog.contextvars.bound_contextvars(host="github", access_token="hush"):
            logger("test").info(Event.RUN_STARTED)

    written = lines(write)
    assert json.loads(written)["host"] == "github"
    assert "hush" not in written


def test_lines_below_the_level_are_not_written(lines: Callable[..., str]) -> None:
    def write() -> None:
        configure_logging(log_format="json", level="WARNING", stream=io.StringIO())
        logger("test").info(Event.DEFECT)

    assert lines(write) == ""


def test_a_host_cannot_write_lines_of_its_own() -> None:
    detail = host_detail("bad\r\n2026-01-01 [info] all is well\x1b[31m\u202e\x00 \udcff")
    assert detail == "bad 2026-01-01 [info] all is well [31m"


def test_a_hosts_words_are_cut_and_redacted() -> None:
    detail = host_detail("word " * 98 + ' {"refresh_token": "hush"}' + " more" * 2_000_000)
    assert len(detail) == DETAIL_MOST
    assert "hush" not in detail


def test_a_secret_is_gone_before_the_text_is_cut() -> None:
    assert "gho" not in host_detail("a" * (DETAIL_MOST - 7) + " gho_hush0123456789")


def test_an_error_of_ours_is_loggable(lines: Callable[..., str]) -> None:
    error = ConfigurationError(key="listen.port", place="permsync.toml, line 3", cure="use 8080")
    written = lines(lambda: logger("test").error(Event.DEFECT, error=error))
    assert "permsync.toml, line 3: use 8080" in json.loads(written)["error"]


def test_two_services_count_for_themselves() -> None:
    first, second = Metrics(), Metrics()
    first.decisions.labels("allow", "grant").inc()
    line = b'permsync_decisions_total{reason="grant",verdict="allow"} 1.0'
    assert line in first.render()
    assert line not in second.render()


def test_every_figure_is_counted_under_its_own_name() -> None:
    metrics = Metrics()
    metrics.refresh_attempts.labels("github", "adopted").inc()
    metrics.runs.labels("github", "succeeded").inc()
    metrics.requests.labels("github", "2xx").inc()
    metrics.revocation_backlog.labels("github").set(3)
    text = metrics.render().decode()
    assert 'permsync_revocation_backlog{host="github"} 3.0' in text
    assert 'permsync_refresh_attempts_total{host="github",outcome="adopted"} 1.0' in text
    assert 'permsync_runs_total{host="github",outcome="succeeded"} 1.0' in text
    assert 'permsync_host_requests_total{host="github",outcome="2xx"} 1.0' in text


def test_no_two_events_share_a_name() -> None:
    assert len({event.value for event in Event}) == len(Event.__members__)
