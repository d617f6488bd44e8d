"""
Writes ``docs/refresh.md``: what a refresh can lead to, computed from the rules themselves.

Every answer a host can give is handed to ``plan_outcome``, and what it returns is written
down, so that the page cannot say another thing than the program does. Run it with
``python -m docs.generate_refresh``; ``tests/house/test_generated_refresh.py`` fails while
the page is stale. It decides nothing about refreshes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from permsync.codehost import TokenGrant, TokenRefusal, TokenRefusalKind
from permsync.model import LIVING, AccountReason, AccountState, Durations
from permsync.rules.refresh import (
    AccountFacts,
    Adopt,
    Answer,
    AttemptFacts,
    AttemptState,
    Claim,
    Close,
    Doubt,
    Hopeless,
    NotSent,
    Outcome,
    Unanswered,
    Wait,
    plan_claim,
    plan_outcome,
)

PAGE = Path(__file__).with_name("refresh.md")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
DEFAULTS = Durations()
NAMES = [one.name for one in fields(Durations)]
# Each duration is told by its length, so that a planned wait leads back to its setting.
TOLD_APART = Durations(**{name: timedelta(days=day) for day, name in enumerate(NAMES)})

ACTIVE = AccountFacts(
    state=AccountState.ACTIVE,
    reason=None,
    has_refresh_token=True,
    rejections=0,
    refresh_try_at=None,
    uncertain_before=False,
)
REFUSED = TokenRefusal(TokenRefusalKind.REJECTED)

HEAD = """\
# What a refresh can lead to

<!-- Written by docs/generate_refresh.py from the rules; an edit here is overwritten. -->

The rules are [`src/permsync/rules/refresh.py`](../src/permsync/rules/refresh.py); this page
is computed from them. A refresh is a commit shared with a stranger: the host may spend our
refresh token, and its answer may never arrive. So the intent to refresh is a row of its own,
the *attempt*, written before the token leaves; and one refusal is no proof that a token is
dead, because hosts have refused healthy ones. Words are those of the
[glossary](glossary.md); waits are settings, shown with their defaults.
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """One answer to one account, in words."""

    words: str
    answer: Answer
    account: AccountFacts = ACTIVE


def scenes() -> Iterator[Scene]:
    """Every answer there is; refusals one after the other, with both ends."""
    yield Scene("usable tokens", TokenGrant(access_token=""))
    yield Scene("nothing was sent", NotSent())
    yield Scene("no answer", Unanswered())
    for kind in TokenRefusalKind:
        if kind is not TokenRefusalKind.REJECTED:
            yield Scene(kind.value.replace("_", " "), TokenRefusal(kind))
    account, count = ACTIVE, 1
    while account.state in LIVING:
        yield Scene(f"refusal {count} of the same token", REFUSED, account)
        doubted, account = account, _turned(account, REFUSED)
        count += 1
    yield Scene(
        f"refusal {count - 1}, after an attempt that may have spent it",
        REFUSED,
        replace(doubted, uncertain_before=True),
    )


def _turned(account: AccountFacts, answer: Answer) -> AccountFacts:
    match plan_outcome(answer, account, DEFAULTS):
        case Close(state=state, reason=reason, rejections=rejections):
            return replace(account, state=state, reason=reason, rejections=rejections)
        case Adopt():
            return ACTIVE
        case _:
            return account


def _wait(wait: timedelta) -> str:
    name = NAMES[wait.days]
    return f"{getattr(DEFAULTS, name).total_seconds():g} s (`{name}`)"


def _meaning(scene: Scene) -> tuple[str, str, str, str]:
    """The attempt, the account, its access and the next try after this answer."""
    transition = plan_outcome(scene.answer, scene.account, TOLD_APART)
    match transition:
        case Adopt():
            return f"`{Outcome.ADOPTED}`", f"`{AccountState.ACTIVE}`", "kept", "when they are stale"
        case Doubt(settle_in=settle_in):
            return f"stays, `{AttemptState.UNCERTAIN}`", "as it was", "kept", _wait(settle_in)
        case Close(outcome=outcome, state=state, reason=reason, try_in=try_in):
            became = f"`{state}`: `{reason}`" if reason else "as it was"
            if transition.ends_access:
                return f"`{outcome}`", became, "**ends**", "when the person links again"
            return f"`{outcome}`", became, "kept", _wait(try_in)


def _claims() -> Iterator[tuple[str, str]]:
    attempt = AttemptFacts(id=1, state=AttemptState.ARMED, lease_until=LATER)
    over = replace(attempt, lease_until=NOW)
    ended = replace(ACTIVE, state=AccountState.NEEDS_SCOPE, reason=AccountReason.SCOPE_MISSING)
    for words, account, live in (
        ("no attempt is live", ACTIVE, None),
        ("an attempt is live and its lease runs", ACTIVE, attempt),
        ("an attempt is live and its lease is over", ACTIVE, over),
        ("the next try is not due", replace(ACTIVE, refresh_try_at=LATER), None),
        ("there is no refresh token", replace(ACTIVE, has_refresh_token=False), None),
        ("access has ended", ended, None),
    ):
        match plan_claim(account, live, now=NOW):
            case Claim(takes_over=None):
                yield words, "starts"
            case Claim():
                yield words, f"starts, and closes the old attempt as `{Outcome.UNANSWERED}`"
            case Wait():
                yield words, "waits until then"
            case Hopeless(reason=reason):
                yield words, f"is hopeless: `{reason}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _attempt_edges() -> Iterator[tuple[str, str, str]]:
    yield "[*]", AttemptState.ARMED, "claimed"
    for scene in scenes():
        match plan_outcome(scene.answer, scene.account, DEFAULTS):
            case Doubt():
                yield AttemptState.ARMED, AttemptState.UNCERTAIN, scene.words
            case Close(outcome=outcome):
                yield AttemptState.ARMED, AttemptState.CLOSED, outcome
            case Adopt():
                yield AttemptState.ARMED, AttemptState.CLOSED, Outcome.ADOPTED
    for state in (AttemptState.ARMED, AttemptState.UNCERTAIN):
        yield state, AttemptState.CLOSED, f"{Outcome.UNANSWERED} (lease over, taken over)"
        yield state, AttemptState.CLOSED, f"{Outcome.FENCED} (linked again, unlinked)"


def _account_edges() -> Iterator[tuple[str, str, str]]:
    suspect = _turned(ACTIVE, REFUSED)
    for scene in scenes():
        for before in (scene.account,) if scene.answer == REFUSED else (ACTIVE, suspect):
            after = _turned(before, scene.answer)
            if (after.state, after.rejections) != (before.state, before.rejections):
                yield before.state, after.state, scene.words


def _diagram(edges: Iterable[tuple[str, str, str]]) -> str:
    """One arrow for each pair of states, with everything that leads along it."""
    arrows: dict[str, list[str]] = {}
    for before, after, words in edges:
        labels = arrows.setdefault(f"{before} --> {after}", [])
        if words not in labels:
            labels.append(words)
    lines = "".join(f"    {arrow}: {', '.join(labels)}\n" for arrow, labels in arrows.items())
    return f"```mermaid\nstateDiagram-v2\n{lines}```\n"


def page() -> str:
    """The whole document."""
    means = ((scene.words, *_meaning(scene)) for scene in scenes())
    return "\n".join(
        (
            HEAD,
            "## Whether one may start\n",
            _table(("where", "a refresh"), _claims()),
            "## What an answer means\n",
            _table(("answer", "the attempt", "the account", "access", "next try"), means),
            "A time to wait that the host names after a fault replaces ours. Where access ended",
            "while the answer was on its way, a refusal does not give it back.\n",
            "## The attempt\n",
            _diagram(_attempt_edges()),
            "## The account\n",
            "Answers that leave the account as it was are not drawn.\n",
            _diagram(_account_edges()),
        )
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
