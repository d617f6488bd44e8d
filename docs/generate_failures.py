"""
Writes ``docs/failures.md``: what a code host's refusals and faults mean for access.

The consequences are read from ``permsync.rules.failures``; how each host says them is found
out by showing every host file the answers below. Run it with ``python -m
docs.generate_failures``; ``tests/house/test_generated_failures.py`` fails while the page is
stale.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from permsync.codehost import CodeHost, Failure, HostSettings, Response
from permsync.hosts import built_in, create
from permsync.rules.failures import CONSEQUENCES, Retry

PAGE = Path(__file__).with_name("failures.md")

HEAD = """\
# What a code host's failures mean

<!-- Written by docs/generate_failures.py from the program; an edit here is overwritten. -->

Doubt never removes access and never adds it. Only a host's definite word about the person
(the credential, the account, the scope) ends access; an outage, a limit, a partial answer or
a vanished endpoint keeps what was last known until the hard age. One organisation, workspace
or installation that cannot be read is a gap of its own: the rest of the listing counts. What
a token endpoint's refusals mean stands in [refresh](refresh.md).
"""

RETRIES: Mapping[Retry, str] = {
    Retry.AT_ONCE: "a few tries at once, backing off; then the next run",
    Retry.WHEN_TOLD: "after the wait that the host names; a short one inside the run",
    Retry.NEXT_RUN: "with the next run, backing off",
    Retry.NEVER: "not before the person acted",
}

_PERSON = {"x-ausername": "ada"}  # Data Center says with it that the token lives


def _json(status: int, content: object = None, **headers: str) -> Response:
    body = json.dumps(content if content is not None else {"message": "no"}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, {"content-type": "application/json", **_PERSON, **named}, body)


def _html(status: int) -> Response:
    return Response(status, {"content-type": "text/html", **_PERSON}, b"<!doctype html>")


# A body that says a thing in the words of every host, each of which looks for its own.
_SCOPELESS = (
    "Your credentials lack one or more required privilege scopes.",
    "token does not have at least one of required scope(s): [read:repository]",
)
_BLOCKED = (
    "403 - Your account has been blocked.",
    "This account is prohibited from signing in.",
)


def _scopeless() -> Response:
    text = " ".join(_SCOPELESS)
    content = {"error": "insufficient_scope", "type": "error", "message": text}
    return _json(403, content, x_oauth_scopes="")


ANSWERS: Mapping[str, Response] = {
    "401": Response(401, {"content-type": "application/json"}, b"{}"),
    "403": _json(403),
    "403, `X-RateLimit-Remaining: 4000`": _json(403, None, x_ratelimit_remaining="4000"),
    "403, `X-RateLimit-Remaining: 0`": _json(403, None, x_ratelimit_remaining="0"),
    "403, `Retry-After`": _json(403, None, retry_after="60"),
    "403, words of a secondary limit": _json(403, {"message": "a secondary rate limit"}),
    "403, a scope is missing": _scopeless(),
    "403, the account is blocked": _json(403, {"message": " ".join(_BLOCKED)}),
    "403, the account is suspended": _json(403, {"message": "Your account was suspended."}),
    "403, read-only": _json(403, {"message": "write operations on a read-only instance"}),
    "403, HTML": _html(403),
    "404": _json(404),
    "408": _json(408),
    "410": _json(410),
    "429": _json(429),
    "429, plain text": Response(429, {"content-type": "text/plain"}, b"Retry later"),
    "502, HTML": _html(502),
    "503": _json(503),
    "302": _json(302),
    "200, HTML": _html(200),
    "203, HTML": _html(203),
    "200, another shape": _json(200, "engine"),
}


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_consequences(), *_signals()])


def _consequences() -> Iterator[str]:
    yield "## What follows\n\n| failure | access | asked again | what it is |\n|---|---|---|---|"
    for kind, one in CONSEQUENCES.items():
        ends = f"**ends**: `{one.state}`, `{one.reason}`" if one.state else "stays"
        yield f"| `{kind}` | {ends} | {RETRIES[one.retry]} | {one.meaning} |"
    yield ""


def _signals() -> Iterator[str]:
    hosts = [_made(kind) for kind in built_in()]
    yield "## How each host says it\n\nOne page of an account's listing is answered so:\n"
    yield "| answer | " + " | ".join(host.title for host in hosts) + " |"
    yield "|---" * (len(hosts) + 1) + "|"
    for name, response in ANSWERS.items():
        yield f"| {name} | " + " | ".join(_classified(host, response) for host in hosts) + " |"
    yield "\nA 401 counts only after one forced refresh and one repeat.\n"


def _made(kind: str) -> CodeHost:
    return create(
        HostSettings(
            name=kind,
            kind=kind,
            base_url="https://code.example",
            client_id="client",
            client_secret="secret",  # noqa: S106 - no credential
            redirect_uri="https://permsync.example/link/callback",
        )
    )


def _classified(host: CodeHost, response: Response) -> str:
    read = host.parse_page(host.listing_asks()[0], response)
    return f"`{read.kind}`" if isinstance(read, Failure) else "a page"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
