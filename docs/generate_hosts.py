"""
Writes ``docs/hosts.md``: every kind of code host, what it does, and its options.

All of it is asked of the host files, as a service would ask them: with plain settings, and
once more for each choice of an option that changes an answer. A kind's guide is the file in
``docs/guides/`` that is named like it. Run it with ``python -m docs.generate_hosts``;
``tests/house/test_generated_hosts.py`` fails while the page is stale.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from permsync.codehost import (
    Ask,
    CodeHost,
    HostSettings,
    KnownRepository,
    ListsReaders,
    Response,
    Rotation,
    TokenGrant,
)
from permsync.codehost.notices import Closing
from permsync.codehost.options import Option, Value, options_of
from permsync.hosts import built_in, create

PAGE = Path(__file__).with_name("hosts.md")
GUIDES = PAGE.parent / "guides"

HEAD = """\
# Code hosts

<!-- Written by docs/generate_hosts.py from the program; an edit here is overwritten. -->

permsync speaks to these kinds of code host, and several hosts of one kind may stand side by
side. Each guide shows every click at the host, the scopes and why, the settings, and the
command that shows that it works. A kind is one file in `src/permsync/hosts/`, and other packages
may bring more: [how to add one](guides/adding-a-code-host.md).

What a host says of scopes and lifetimes in its answers counts; these are the scopes that are
asked for, and the lifetimes that are assumed where nothing is said.
"""

COLUMNS = (
    "kind",
    "guide",
    "scopes",
    "access token lives",
    "refresh token lives",
    "rotation",
    "webhooks",
)

ROTATIONS: Mapping[Rotation, str] = {
    Rotation.NONE: "A refresh leaves the token as it was, or there is none.",
    Rotation.TOLERANT: "A new one comes, and the old one works on.",
    Rotation.GRACE: "A new one comes, and the old one works for a while"
    " (`durations.refresh_grace`).",
    Rotation.STRICT: "A new one comes, and the old one is dead.",
    Rotation.FAMILY: "The same, and to present the old one again ends the new one too.",
}

_MOST_HOURS = 48
_ONE = KnownRepository("1001", "11", "OWNER/NAME")


@dataclass(frozen=True, slots=True)
class Facts:
    """What an option may change of a kind, but for its rotation, which has its own."""

    scopes: tuple[str, ...]
    access_life: timedelta | None
    refresh_life: timedelta | None
    listing: tuple[str, ...]
    readers: str | None


def page() -> str:
    """The whole page."""
    kinds = built_in()
    return "\n".join([HEAD, *_table(kinds), *_rotations(), *_sections(kinds)])


def guide_of(kind: str) -> str | None:
    """The guide of a kind as a path from the page, where there is one."""
    guide = GUIDES / f"{kind.replace('_', '-')}.md"
    return f"{GUIDES.name}/{guide.name}" if guide.exists() else None


def _table(kinds: Mapping[str, type[CodeHost]]) -> Iterator[str]:
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---" * len(COLUMNS) + "|"
    for kind, host in kinds.items():
        guide = guide_of(kind)
        title = f"[{host.title}]({guide})" if guide else host.title
        for setting, made in _variants(kind):
            first = f"with `{setting}`" if setting else f"[`{kind}`](#{kind})"
            named = (first, "" if setting else title)
            told = (*named, *_row(made), "" if setting else _hooks(host))
            yield f"| {' | '.join(told)} |"
    yield ""


def _row(host: CodeHost) -> Iterator[str]:
    facts, refreshed = _facts(host), host.rotation is not Rotation.NONE
    yield ", ".join(f"`{scope}`" for scope in facts.scopes) or "none"
    yield _span(facts.access_life) if facts.access_life else "until it is revoked"
    if facts.refresh_life:
        yield f"{_span(facts.refresh_life)} unused"
    else:
        yield "until it is used" if refreshed else "none comes"
    yield f"`{host.rotation}`"


def _rotations() -> Iterator[str]:
    yield "What a refresh does to the refresh token that was presented, option `rotation`:\n"
    yield "| word | meaning |\n|---|---|"
    yield from (f"| `{word}` | {meaning} |" for word, meaning in ROTATIONS.items())
    yield ""


def _sections(kinds: Mapping[str, type[CodeHost]]) -> Iterator[str]:
    for kind, host in kinds.items():
        yield f"## `{kind}`\n"
        seen = set[str]()
        for setting, made in _variants(kind):
            where = f" with `{setting}`" if setting else ""
            facts = _facts(made)
            listing = "- an account listing{} begins with " + ", ".join(facts.listing)
            readers = "- a list of readers{} begins with " + (facts.readers or "")
            told = [listing, readers if facts.readers else "- no list of readers{} is to be had"]
            yield from (line.format(where) for line in told if line not in seen)
            seen.update(told)
        if host.clouds:
            yield f"- at {_joined(host.clouds)} the setting `include` must name what is mirrored"
        yield f"\n`[hosts.NAME.options]` of {host.title}:\n"
        yield "| option | may be | default | meaning |\n|---|---|---|---|"
        yield from map(_option, options_of(host.options))
        yield ""


def _joined(names: Iterable[str]) -> str:
    return " and ".join(f"`{name}`" for name in sorted(names))


def _option(one: Option) -> str:
    return f"| `{one.name}` | {one.form} | `{_toml(one.default)}` | {one.meaning} |"


def _variants(kind: str) -> Iterator[tuple[str | None, CodeHost]]:
    """A plain host, and one for each choice of an option that changes the facts."""
    plain = _made(kind, {})
    yield None, plain
    for option in options_of(built_in()[kind].options):
        for choice in option.choices:
            made = _made(kind, {option.name: choice})
            if _facts(made) != _facts(plain):
                yield f"{option.name} = {_toml(choice)}", made


def _made(kind: str, options: Mapping[str, Value]) -> CodeHost:
    return create(
        HostSettings(
            name=kind,
            kind=kind,
            base_url="https://code.example",
            client_id="client",
            client_secret="secret",  # noqa: S106 - no credential
            redirect_uri="https://permsync.example/link/callback",
            options=options,
        )
    )


def _facts(host: CodeHost) -> Facts:
    return Facts(
        scopes=host.scopes,
        access_life=_access_life(host),
        refresh_life=host.refresh_life,
        listing=tuple(_asked(host, ask) for ask in host.listing_asks()),
        readers=_asked(host, host.readers_ask(_ONE)) if isinstance(host, ListsReaders) else None,
    )


def _access_life(host: CodeHost) -> timedelta | None:
    """What the host file makes of a grant that does not say how long it lives."""
    content = json.dumps({"access_token": "access", "refresh_token": "refresh"}).encode()
    granted = host.parse_code(Response(200, {"content-type": "application/json"}, content))
    return granted.expires_in if isinstance(granted, TokenGrant) else None


def _asked(host: CodeHost, ask: Ask) -> str:
    return f"`{ask.request.method} {ask.request.url.removeprefix(f'{host.api_url}/')}`"


def _hooks(host: type[CodeHost]) -> str:
    """Whether a webhook of this kind can take access away at once."""
    if host.hooks is None:
        return "none"
    closes = any(issubclass(rule.notice, Closing) for rule in host.hooks.rules)
    said = "deny at once" if closes else "lead to questions"
    return f"[{said}](webhooks.md#{_anchor(host.title)})"


def _span(life: timedelta) -> str:
    hours = life / timedelta(hours=1)
    return f"{hours:g} h" if hours <= _MOST_HOURS or hours % 24 else f"{hours / 24:g} days"


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _toml(value: Value) -> str:
    """For these types JSON writes the same."""
    return json.dumps(value)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
