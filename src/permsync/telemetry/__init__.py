"""
Log events, metrics and spans: each named once here, and no secret in any of them.

What is decided here: how a log line is written, what is taken out of it, and which
figures are counted. Every line of every library goes through the same redaction, text of
exceptions and tracebacks included. Two nets, because each has holes: keys that name a
secret, and texts shaped like one. This module must not know who logs or counts.
"""

import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Literal, TextIO

import structlog
from opentelemetry import trace
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from permsync.telemetry.events import Event as Event

LogFormat = Literal["json", "console"]

REDACTED = "[redacted]"
DETAIL_MOST = 500
# Longer host text is cut before it is searched: an answer of 10 MB must cost nothing here.
DETAIL_READ = 8 * DETAIL_MOST


# A key is secret where its last word is one of these ...
SECRET_WORDS = frozenset(
    {"assertion", "authorization", "ciphertext", "cookie", "cookies", "dsn", "passwd", "password"}
    | {"secret", "secrets", "token", "tokens", "verifier"}
)
# ... or where it is one of these: "error_code" and "primary_key" are no secrets.
SECRET_KEYS = frozenset(
    {"api_key", "code", "nonce", "private_key", "sealing_key", "sealing_keys", "service_key"}
)

# Shapes of tokens, as their issuers document them, and the places where tokens stand.
# A JSON text inside a quoted text has backslashes before its quotes.
_FIELD = r"(?:access|refresh|id)_token|client_secret|code_verifier|password|secret|token"
SECRET_TEXTS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\bgh[a-z]_[\w.-]+|\bgithub_pat_\w+", REDACTED),  # GitHub, also before a JSON Web Token
        (r"\bgl[a-z]{2,6}-[\w.-]+", REDACTED),  # GitLab
        (r"\bAT(?:ATT|BB|CTT)\w[\w=-]*|\bBBDC-\w+", REDACTED),  # Bitbucket Cloud, Data Center
        (r"\beyJ[\w-]{4,}(?:\.[\w-]*)*", REDACTED),  # JSON Web Tokens
        (r"\b[0-9a-f]{64}\b", REDACTED),  # GitLab's OAuth tokens
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*-----)?", REDACTED),
        (r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+", rf"\1 {REDACTED}"),
        (r"(://)[^\s/?#@]+@", rf"\1{REDACTED}@"),
        (r"(?i)([?&](?:code|state|session_state)=)[^\s&\"'\\]+", rf"\1{REDACTED}"),
        (rf"(?i)((?:{_FIELD})[\\\"']*\s*[=:]\s*[\\\"']*)[^\s\"'\\&,;}}]+", rf"\1{REDACTED}"),
    )
)

# In a host's own words whatever is long and no word may be a secret that it was sent.
NO_WORD = re.compile(r"[\w~+=-]{32,}|(?=[\w~+=-]*\d)[\w~+=-]{20,}")


def redacted(text: str) -> str:
    """``text`` without what looks like a token, a password in a URL or a secret field."""
    for pattern, replacement in SECRET_TEXTS:
        text = pattern.sub(replacement, text)
    return text


def host_detail(text: str) -> str:
    """
    A code host's own words, fit for one line of the operator's log and nothing else.

    Control characters and what may be a secret are gone; at most 500 characters stay.
    """
    shown = "".join(one if one.isprintable() else " " for one in text[:DETAIL_READ])
    return NO_WORD.sub(REDACTED, redacted(" ".join(shown.split())))[:DETAIL_MOST]


def _is_secret(key: str) -> bool:
    name = key.lower().replace("-", "_")
    return name in SECRET_KEYS or name.rpartition("_")[2] in SECRET_WORDS


def _cleaned(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return redacted(value)
        case Mapping():
            return {str(key): _cleaned_at(str(key), each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_cleaned(each) for each in value]
        case _:
            # Said in words now: a renderer would do it later, after the redaction.
            return redacted(str(value))


def _cleaned_at(key: str, value: object) -> object:
    """Numbers are kept whatever their key: a count of tokens is no token."""
    if _is_secret(key) and not isinstance(value, bool | int | float | None):
        return REDACTED
    return _cleaned(value)


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """The structlog processor that takes secrets out of a line, wherever they stand in it."""
    return {key: _cleaned_at(key, value) for key, value in event.items()}


def configure_logging(
    *, log_format: LogFormat, level: str = "INFO", stream: TextIO | None = None
) -> None:
    """
    Send every log line of the process through one redacting formatter to ``stream``.

    That is standard error where no stream is named. ``level`` is a name of the standard
    library's. Loggers that brought handlers of their own lose them.
    """
    named: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    target = stream or sys.stderr
    handler = logging.StreamHandler(target)
    handler.setFormatter(_formatter(log_format, named, colors=target.isatty()))
    structlog.configure(
        processors=[*named, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in list(root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # One line per request would cost more than the answer to a check, and holds the query.
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
    # A line that cannot be formatted is otherwise printed with its raw arguments.
    logging.raiseExceptions = False


def _formatter(
    log_format: LogFormat, named: list[Processor], *, colors: bool
) -> ProcessorFormatter:
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=colors, exception_formatter=structlog.dev.plain_traceback
        )
    )
    return ProcessorFormatter(
        foreign_pre_chain=named,
        processors=[
            ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            redact,
            renderer,
        ],
    )


def logger(name: str) -> FilteringBoundLogger:
    """A logger; ``name`` is the module's. Call it with an :class:`Event` and keywords."""
    found: FilteringBoundLogger = structlog.get_logger(name)
    return found


class SpanName(StrEnum):
    """What is traced: a closed set."""

    HOST_REQUEST = "host_request"
    SYNC_ACCOUNT = "sync_account"


@contextmanager
def span(name: SpanName, **attributes: object) -> Iterator[Callable[..., None]]:
    """Trace the block; what is yielded adds attributes, redacted. No exception's words are kept."""
    with trace.get_tracer("permsync").start_as_current_span(
        name.value, record_exception=False, set_status_on_exception=False
    ) as current:

        def note(**more: object) -> None:
            for key, value in more.items():
                if value is not None:
                    current.set_attribute(f"permsync.{key}", str(_cleaned_at(key, value)))

        note(**attributes)
        yield note


class Metrics:
    """
    What is counted, on a registry of its own so that two services can live in one process.

    Every label is from a closed set or names a configured host or connection, so that nobody
    outside can make series.
    """

    media_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.refresh_attempts = self._counter(
            "refresh_attempts", "Token refreshes, by what became of them", "host", "outcome"
        )
        self.rotation_lost = self._counter(
            "rotation_lost", "Accounts lost because an answer to a refresh never came", "host"
        )
        self.rejections_survived = self._counter(
            "rejections_survived", "Refused refreshes that a later one proved wrong", "host"
        )
        self.uncertain = self._gauge("refresh_uncertain", "Refreshes without a known end", "host")
        self.oldest_due = self._gauge(
            "refresh_oldest_due_seconds", "How long the longest due refresh is due", "host"
        )
        self.circuit_open = self._gauge(
            "circuit_open", "1 while the host refuses our OAuth client", "host"
        )
        self.seconds_to_expiry = Histogram(
            "permsync_refresh_seconds_to_expiry",
            "How long an access token had left when its refresh began",
            ("host",),
            buckets=(-86_400, -3_600, -60, 0, 60, 300, 720, 1_800, 3_600, 28_800),
            registry=self.registry,
        )
        self._add_runs()
        self.requests = self._counter(
            "host_requests", "Requests to hosts: 2xx to 5xx, unsent, unanswered", "host", "outcome"
        )
        meaning = "Who installed an app: working, suspended, refused"
        self.installations = self._gauge("installations", meaning, "connection", "state")
        self.revocation_backlog = self._gauge(
            "revocation_backlog", "Token sets that their hosts are still to forget", "host"
        )
        self.unopened_values = self._counter(
            "unopened_values", "Tokens that did not open", "host", "code"
        )
        self.webhooks = self._counter(
            "webhooks",
            "Webhooks: what was made of them, or why refused",
            "host",
            "outcome",
        )
        self.webhook_backlog = self._gauge(
            "webhook_backlog", "Webhooks that are still to be carried out", "host"
        )
        self.decisions = self._counter(
            "decisions", "Answers to: may this person see it?", "verdict", "reason"
        )

    def _add_runs(self) -> None:
        self.runs = self._counter("runs", "Syncs, by what became of them", "host", "outcome")
        self.run_failures = self._counter(
            "run_failures", "Syncs with a reason why they are not whole", "host", "reason"
        )
        self.run_requests = self._counter("run_requests", "Requests that syncs sent", "host")
        self.run_seconds = Histogram(
            "permsync_run_seconds",
            "How long syncs took, by what became of them",
            ("host", "outcome"),
            buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3_600),
            registry=self.registry,
        )

    def _counter(self, name: str, meaning: str, /, *labels: str) -> Counter:
        return Counter(f"permsync_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, /, *labels: str) -> Gauge:
        return Gauge(f"permsync_{name}", meaning, labels, registry=self.registry)

    def render(self) -> bytes:
        """Every series in Prometheus' text format; its media type is ``media_type``."""
        return generate_latest(self.registry)
