"""
How a person writes a duration, and what each duration of the product is for.

What is decided here: the readable forms, the meaning of every field of ``Durations``, and
which of them must stand in which relation. This module must not know where a value was
written.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import timedelta

from permsync.model import Durations

FORMS = 'write "90s", "5m", "26h" or "14d", "PT5M", or a number of seconds'
LONGEST = timedelta(days=3650)

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_READABLE = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhdw])\s*)+", re.ASCII)
_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
# ISO 8601 without years and months, which have no fixed length.
_ISO = re.compile(
    r"P(?:(?P<w>\d+)W)?(?:(?P<d>\d+)D)?(?:T(?=\d)(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?"
    r"(?:(?P<s>\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)

MEANINGS: Mapping[str, str] = {
    "refresh_margin": "A token is refreshed this long before it expires (or a tenth of its"
    " lifetime, where that is more; at most half of it).",
    "refresh_connect": "How long a connection to a token endpoint may take.",
    "refresh_deadline": "How long a whole refresh may take at the host.",
    "refresh_lease": "How long one worker owns a refresh. It covers the deadline, the settle time"
    " and the skew, so that a refresh is never begun twice.",
    "refresh_settle": "How long an unanswered refresh rests before the same token is presented"
    " again. It stays far below every host's grace window.",
    "refresh_skew": "By how much the clocks of a worker and the database may drift apart during"
    " one refresh.",
    "refresh_retry_first": "After a host refused a token once, it is presented again after this.",
    "refresh_retry_second": "The wait before the second repetition.",
    "refresh_retry_third": "The wait before the third and last repetition.",
    "refresh_backoff": "The first wait after a host was busy or away; it doubles, with jitter.",
    "refresh_backoff_most": "The longest such wait.",
    "refresh_told_most": "The longest wait that a token endpoint may ask for (`Retry-After`).",
    "refresh_grace": "How long a host with a grace window takes a refresh token that was used.",
    "candidate": "How long another refresh token of a link is kept to be tried before the link"
    " is given up.",
    "keep_alive": "An idle link is refreshed this often, or at a quarter of its refresh token's"
    " life where that is sooner.",
    "circuit_retry": "After a host refused our OAuth client, one token is tried again after this"
    " wait; it doubles.",
    "circuit_retry_most": "The longest such wait.",
    "refresh_wait": "How long a caller waits for a refresh that somebody else runs.",
    "refresh_poll": "How often a process looks whether a refresh that another one runs has"
    " ended, for all its callers who wait.",
    "sweep_every": "How often refreshes are looked for whose worker died.",
    "lend_remaining_most": "The longest remaining life that may be asked for when a token is lent;"
    " more than the margin is never given where a refresh ends the old token.",
    "revoke_every": "How often tokens that are to be revoked at their hosts are looked for.",
    "revoke_wait": "How long a person who disconnects an account waits for the host's word.",
    "revoke_backoff": "The first wait after a host did not revoke a token; it doubles, with"
    " jitter.",
    "revoke_backoff_most": "The longest wait between two tries to revoke a token.",
    "revoke_give_up": "A token that its host did not revoke for this long is given up.",
    "api_connect": "How long a connection to a host's API may take.",
    "api_deadline": "How long one API request may take.",
    "api_idle": "A connection to a host that lies idle for this long is not used again. Hosts close"
    " theirs after 5 seconds or more, and a request that meets the end of one is lost.",
    "api_backoff": "The first wait after a failed API request; it doubles, with jitter.",
    "host_skew": "How far a host's clock may be from ours before `permsync hosts check` says so.",
    "app_look": "How long a process relies on what it knows of an app's installations.",
    "limit_wait": "A wait that a host asks for is kept inside a sync up to this length, and as much"
    " more for each page that was read; a longer one ends the sync with what it has.",
    "settle": "How long a host may still answer from before a change; `hosts.NAME.settle` is one"
    " host's own.",
    "sync_every": "An account is listed at least this often.",
    "sync_every_asked": "An account is listed this often while its person is asked about.",
    "sync_backoff": "The first wait after a failed sync; it doubles, with jitter.",
    "run_look": "How often a running sync looks whether somebody cancelled it.",
    "runs_kept": "How long a sync or a refresh that is over stays in the history. The last sync of"
    " each account and repository stays, and changes keep the number of the run that made them.",
    "schedule_every": "How often due syncs are looked for.",
    "evidence_soft": "Evidence older than this is called stale; it still counts.",
    "evidence_hard": "Evidence older than this does not count: access ends.",
    "page_look": "How often an open page looks whether an account changed.",
    "page_look_running": "The same while a sync runs.",
    "webhook_age": "How far the time in a signed webhook may be from now.",
    "webhook_backoff": "The first wait after a webhook could not be carried out; it doubles.",
    "webhook_kept": "How long a webhook is remembered, so that it is carried out once.",
    "link_attempt": "How long a person may take at the host's consent page.",
    "session": "How long a sign-in holds.",
    "job_heartbeat": "How often a worker says that it is alive.",
    "job_stalled": "A job is given to another worker after this long without a sign of life.",
    "job_poll": "How often an idle worker looks for jobs, should a notification be lost.",
    "drain": "How long a stopping process may take to finish what it began.",
    "key_command": "How long the program of `sealing_keys_command` may take.",
    "database_silent": "A transaction that says nothing for this long is ended by the database: its"
    " process was paused or cut off, and would hold up all others.",
    "database_start": "How long the embedded PostgreSQL may take to start.",
    "database_stop": "How long the embedded PostgreSQL may take to stop.",
    "database_poll": "How often it is looked at meanwhile.",
}

# (the shorter, the longer, why).
_ORDERED = (
    ("refresh_connect", "refresh_deadline", "connecting is a part of the refresh"),
    ("api_connect", "api_deadline", "connecting is a part of the request"),
    ("refresh_backoff", "refresh_backoff_most", "waits double up to it"),
    ("circuit_retry", "circuit_retry_most", "waits double up to it"),
    ("refresh_settle", "refresh_grace", "a lost answer would be asked for too late"),
    ("job_heartbeat", "job_stalled", "a healthy worker would lose its jobs"),
    ("revoke_backoff", "revoke_backoff_most", "the wait between two tries grows"),
    ("revoke_backoff_most", "revoke_give_up", "there would be no second try"),
    ("evidence_soft", "evidence_hard", "evidence turns stale before it stops counting"),
    ("sync_every", "evidence_hard", "access would end before the next sync"),
    ("evidence_hard", "runs_kept", "what still counts would have no run to show for it"),
)


def parse_duration(value: object) -> timedelta:
    """
    Read ``"90s"``, ``"1h30m"``, ``"PT5M"`` or a number of seconds.

    Raises ``ValueError`` with the cure where it is none of them, not above zero, or longer
    than ten years.
    """
    seconds = _seconds(value)
    if seconds is None:
        raise ValueError(FORMS)
    if not 0 < seconds <= LONGEST.total_seconds():
        raise ValueError(f"use more than nothing and at most {LONGEST.days} days")
    return timedelta(seconds=seconds)


def _seconds(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    text = value.strip() if isinstance(value, str) else ""
    if _NUMBER.fullmatch(text):
        return float(text)
    if _READABLE.fullmatch(text):
        return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if (iso := _ISO.fullmatch(text)) and iso.lastgroup:
        parts = iso.groupdict(default="0")
        return sum(float(parts[unit]) * _UNITS[unit] for unit in "wdhms")
    return None


def readable(span: timedelta) -> str:
    """The shortest form that :func:`parse_duration` reads back to the same span."""
    milliseconds = round(span.total_seconds() * 1000)
    for unit in ("d", "h", "m", "s"):
        size = round(_UNITS[unit] * 1000)
        # "24h" says more than "1d" to somebody who thinks in hours of staleness.
        if milliseconds % size == 0 and (unit != "d" or milliseconds >= 4 * size):
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def conflicts(durations: Durations) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each broken relation: the fields it is between, the likeliest culprit first, and why."""
    needed = durations.refresh_deadline + durations.refresh_settle + durations.refresh_skew
    if durations.refresh_lease < needed:  # REFRESH I6
        cure = (
            f"make refresh_lease at least {readable(needed)}, which is refresh_deadline +"
            " refresh_settle + refresh_skew: a refresh would be begun twice"
        )
        yield ("refresh_lease", "refresh_deadline", "refresh_settle", "refresh_skew"), cure
    for shorter, longer, reason in _ORDERED:
        if getattr(durations, shorter) >= getattr(durations, longer):
            yield (shorter, longer), f"make {shorter} shorter than {longer}: {reason}"


def field_names() -> tuple[str, ...]:
    """Every duration, in the order of the product."""
    return tuple(each.name for each in fields(Durations))
