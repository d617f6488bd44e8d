"""
Writes ``docs/webhooks.md``: every event of every kind of host, and what permsync does about it.

The events are read from the tables of the host files, so the page cannot forget one; what a
notice leads to is written here. Run it with ``python -m docs.generate_webhooks``;
``tests/house/test_generated_webhooks.py`` fails while the page is stale or a notice has no
words.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from permsync.codehost import CodeHost
from permsync.codehost.hooks import Rule
from permsync.codehost.notices import (
    AuthorizationRevoked,
    Closing,
    CoverageGrew,
    CoverageShrank,
    HookGone,
    MemberAdded,
    MemberRemoved,
    Notice,
    OwnerChanged,
    OwnerMemberRemoved,
    PersonChanged,
    Ping,
    ReadersChanged,
    RepositoryChanged,
    RepositoryGone,
    RepositoryMadePrivate,
    RepositoryMadePublic,
    RepositoryTransferred,
    Unknown,
)
from permsync.hosts import built_in

PAGE = Path(__file__).with_name("webhooks.md")

HEAD = """\
# Webhooks

<!-- Written by docs/generate_webhooks.py from the program; an edit here is overwritten. -->

What a code host tells by itself is a hint: it takes access away at once, or has the host
asked once it has settled (its own `settle`, or `durations.settle`). It never gives access,
because nobody signs a header and a token can be sent again. What no webhook tells is found by
the next listing.

Every host with `webhook_secrets` listens at `https://permsync.example/webhooks/NAME`, `NAME`
being its name in the settings. Where to set that up, click by click, stands in the
[guide of each kind](hosts.md).

| answer | what it says to the host |
|---|---|
| 202 | stored; something follows |
| 204 | nothing more follows: carried out before, or nothing about permissions |
| 401 | not proved; [why](errors.md#why-a-webhook-is-not-believed) |
| 404 | no such host here, or none that listens |
| 413 | longer than `webhook_bytes` |
| 503 | the database is away; send it again |

A removed member is denied at once and both sources are asked, since another way to the
repository may remain; then access comes back within seconds. That is the price of fast
revocation. A delivery is carried out once: known by its id and its body together, for
`durations.webhook_kept`. One that failed is tried again by itself, and when the host sends it
again. What is stored is the event's name and the ids it is about, nothing else of it.
`permsync_webhooks_total` counts deliveries by what was made of them or why they were refused,
and `permsync_webhook_backlog` those that wait.
"""

DOES: Mapping[type[Notice], str] = {
    MemberRemoved: "takes the repository from the person at once, and asks both sources",
    OwnerMemberRemoved: "takes everything of that owner from the person at once, and lists the"
    " account",
    RepositoryMadePrivate: "closes it to all but named readers at once, and lists somebody who"
    " holds it",
    RepositoryGone: "denies it to everybody at once, and asks who held it",
    RepositoryTransferred: "forgets its readers at once, and asks who held it",
    MemberAdded: "asks about this person and this repository",
    PersonChanged: "lists the account",
    AuthorizationRevoked: "lists the account, which shows whether its token still works",
    CoverageGrew: "lists everybody who holds something of that owner, and looks what the app"
    " may see now",
    CoverageShrank: "lists everybody who holds something of that owner",
    OwnerChanged: "lists everybody who holds something of that owner",
    RepositoryMadePublic: "lists somebody who holds it",
    RepositoryChanged: "lists somebody who holds it",
    ReadersChanged: "asks about everybody who holds it",
    HookGone: "says so in the log: nothing more will be told",
    Ping: "nothing",
    Unknown: "nothing; it is kept for the operator",
}


def page() -> str:
    """The whole page."""
    kinds = (host for host in built_in().values() if host.hooks is not None)
    return "\n".join([HEAD, *(line for host in kinds for line in _section(host))])


def _section(host: type[CodeHost]) -> Iterator[str]:
    yield f"## {host.title}\n\n| event | where | at once | what permsync does |\n|---|---|---|---|"
    for rule in host.hooks.rules if host.hooks is not None else ():
        closes = "denies" if issubclass(rule.notice, Closing) else ""
        yield f"| `{rule.event}` | {_when(rule)} | {closes} | {DOES[rule.notice]} |"
    yield "| any other | | | nothing; it is kept for the operator |\n"


def _when(rule: Rule) -> str:
    """What else must stand in the body."""
    said = (f"`{path}` is `{str(wanted).lower()}`" for path, wanted in rule.when.items())
    return ", ".join(said)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
