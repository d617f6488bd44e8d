"""
Whether a host is where the settings say, as what they say, and knows what time it is.

A path that is wrong is told by the API; people are sent to another address than it has.
This module must not know how a request is sent.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from permsync.codehost import Failure, FailureKind, Response
from permsync.codehost.answers import sent_at_of
from permsync.rules.host_check import TRY_LATER, Check, Finding, Found, Observed, unasked

# Why there is no answer -> what it is, and what to do.
FAULTS: Mapping[str, tuple[str, str]] = {
    "unsendable": ("the address cannot be written in a request", "write it in ASCII"),
    "name_unknown": ("its name is unknown", "correct the name, or the resolver of this machine"),
    "unreachable": ("nothing listens there", "correct the port, or open the way in the firewall"),
    "connect_timeout": ("nothing answers there", "open the way in the firewall, or set proxy_url"),
    "tls_failed": (
        "its certificate is not trusted",
        "name its authority with ca_file, or correct the name in base_url",
    ),
    "proxy_failed": ("the proxy does not let us through", "correct proxy_url"),
    "timed_out": ("it does not answer in time", "try later, or ask those who run it"),
    "reset": ("it ends the connection without an answer", "write https, or ask those who run it"),
    "truncated": ("its answer is cut short", "look at what stands between: a proxy, a filter"),
    "garbled": ("its answer is no HTTP", "correct the port"),
    "too_large": ("its answer is beyond every measure", "correct the address"),
}
# Nothing was sent, so nothing else can be asked either.
UNREACHED = (
    "unsendable",
    "name_unknown",
    "unreachable",
    "connect_timeout",
    "tls_failed",
    "proxy_failed",
)
# The API speaks of a credential, which we did not bring: so it is the API.
_SPOKEN = frozenset(
    {
        FailureKind.CREDENTIAL_REJECTED,
        FailureKind.FORBIDDEN,
        FailureKind.ACCOUNT_DISABLED,
        FailureKind.INSUFFICIENT_SCOPE,
    }
)


def judge_address(url: str, observed: Observed) -> Finding:
    """Whether anything answers where people are sent to for their consent."""
    place = _origin(url)
    if isinstance(observed, str):
        return _fault(Check.ADDRESS, place, observed)
    if observed.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        what = f"{place} answers {observed.status}: it does not work just now"
        return Finding(Check.ADDRESS, Found.WRONG, what, TRY_LATER)
    if _turns_to_tls(url, observed):
        what = f"{place} sends everybody on to https"
        return Finding(Check.ADDRESS, Found.WRONG, what, "write base_url with https")
    return Finding(Check.ADDRESS, Found.OK, f"{place} answers")


def judge_tls(url: str, observed: Observed) -> Finding:
    """Whether its certificate is trusted."""
    if urlsplit(url).scheme != "https":
        what = "http: there is no certificate, and tokens travel in the open"
        return Finding(Check.TLS, Found.UNKNOWN, what, "write base_url with https")
    if observed == "tls_failed":
        return _fault(Check.TLS, _origin(url), observed)
    if observed in UNREACHED:
        return unasked(Check.TLS)
    return Finding(Check.TLS, Found.OK, "the certificate is trusted")


def judge_api(api_url: str, observed: Observed, meaning: object) -> Finding:
    """
    Whether the API of this kind is where we ask it.

    It was asked who we are, without a token. ``meaning`` is what the host file makes of the
    answer.
    """
    if isinstance(observed, str):
        return _fault(Check.API, api_url, observed)
    if not isinstance(meaning, Failure) or meaning.kind in _SPOKEN:
        return Finding(Check.API, Found.OK, f"{api_url} answers as the API of this kind")
    if meaning.kind is FailureKind.RATE_LIMITED:
        return Finding(Check.API, Found.UNKNOWN, f"{api_url} limits our requests", TRY_LATER)
    if observed.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        what = f"{api_url} answers {observed.status}: it does not work just now"
        return Finding(Check.API, Found.WRONG, what, TRY_LATER)
    return Finding(
        Check.API,
        Found.WRONG,
        f"{api_url} answers {observed.status} and not as the API of this kind",
        "correct kind, the context path in base_url, or api_url",
    )


def judge_clock(
    observed: Observed, *, asked_at: datetime, answered_at: datetime, most: timedelta
) -> Finding:
    """Whether the host's clock and ours agree; the instants are ours, around the answer."""
    if isinstance(observed, str):
        return unasked(Check.CLOCK)
    sent_at = sent_at_of(observed)
    if sent_at is None:
        return Finding(Check.CLOCK, Found.UNKNOWN, "its answers do not say what time it is")
    # A Date header has whole seconds.
    behind, ahead = asked_at - sent_at - timedelta(seconds=1), sent_at - answered_at
    apart, way = (behind, "behind") if behind > ahead else (ahead, "ahead of")
    if apart > most:
        what = f"its clock is {apart.total_seconds():.0f} seconds {way} ours"
        cure = "set both by NTP: the time in a signed webhook is compared with ours"
        return Finding(Check.CLOCK, Found.WRONG, what, cure)
    return Finding(Check.CLOCK, Found.OK, "its clock and ours agree")


def _fault(check: Check, url: str, fault: str) -> Finding:
    what, cure = FAULTS[fault]
    return Finding(check, Found.WRONG, f"{url}: {what}", cure)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _turns_to_tls(url: str, response: Response) -> bool:
    """Redirects are not followed, least of all with a token."""
    try:
        target = urlsplit(response.headers.get("location", ""))
    except ValueError:
        return False
    own = urlsplit(url)
    return own.scheme == "http" and (target.scheme, target.hostname) == ("https", own.hostname)
