"""
Writes ``docs/refresh.md``: what a refresh can lead to, computed from the rules themselves.

Every answer a host can give is handed to ``plan_outcome``, and what it returns is written
down, so that the page cannot say another thing than the program does. Run it with
``python -m docs.generate_refresh``; ``tests/house/test_generated_refresh.py`` fails while
the page is stale. It decides nothing about refreshes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from docs.refresh_scenes import (
    ACTIVE,
    ARMED,
    CANDIDATE,
    DEFAULTS,
    LATER,
    NAMES,
    NOW,
    REFUSED,
    Scene,
    late_scenes,
    refusals,
    scenes,
    turned,
)
from permsync.codehost import FailureKind, Rotation, TokenGrant
from permsync.config.spans import readable
from permsync.model import LIVING, AccountReason, AccountState
from permsync.rules.failures import consequence_of
from permsync.rules.refresh import LIVE, AccountFacts, AttemptState, Outcome
from permsync.rules.refresh.api_refusal import Believe, plan_refused
from permsync.rules.refresh.circuit import CircuitFacts, Open, Shut, plan_circuit
from permsync.rules.refresh.claim import Claim, Hopeless, Judge, Wait, plan_claim
from permsync.rules.refresh.outcome import (
    Adopt,
    Close,
    Doubt,
    Keep,
    Revoke,
    Settled,
    Stage,
    Transition,
)

PAGE = Path(__file__).with_name("refresh.md")

HEAD = """\
# What a refresh can lead to

<!-- Written by docs/generate_refresh.py from the rules; an edit here is overwritten. -->

The rules are in [`src/permsync/rules/refresh/`](../src/permsync/rules/refresh/__init__.py);
this page is computed from them. A refresh is a commit shared with a stranger: the host may
spend our refresh token, and its answer may never arrive. So the intent to refresh is a row of
its own, the *attempt*, written before the token leaves; and one refusal is no proof that a
token is dead, because hosts have refused healthy ones. Words are those of the
[glossary](glossary.md); waits are settings, shown with their defaults.
"""


def _wait(wait: timedelta) -> str:
    """A wait as the sum of the settings that it was made of."""
    bits = int(wait.total_seconds())
    parts = [name for bit, name in enumerate(NAMES) if bits >> bit & 1]
    told = [f"{readable(getattr(DEFAULTS, name))} (`{name}`)" for name in parts]
    return " + ".join(told) if told else "at once"


def _jittered(scene: Scene) -> str:
    """The wait without jitter, and the most that jitter adds."""
    least, most = (_try_in(scene.transition(jitter=jitter)) for jitter in (0.0, 1.0))
    if least == most:
        return _wait(least)
    before = f"{_wait(least)} + " if least else ""
    return f"{before}up to {_wait(most - least)}, doubling"


def _try_in(transition: Transition) -> timedelta:
    match transition:
        case Doubt(settle_in=wait) | Keep(expires_in=wait):
            return wait
        case Close(turn=turn) if turn is not None and turn.try_in is not None:
            return turn.try_in
        case _:
            return timedelta()


def _named(state: AccountState, reason: AccountReason | None) -> str:
    return f"`{state}`: `{reason}`" if reason else f"`{state}`"


def _meaning(scene: Scene) -> tuple[str, str, str, str]:
    """The attempt, the account, its access and the next try after this answer."""
    untouched = ("as it was", "kept")
    match scene.transition():
        case Adopt() as adopt:
            outcome, then = _adopted(adopt)
            return f"`{outcome}`", _named(adopt.state, adopt.reason), "kept", then
        case Doubt():
            return f"stays, `{AttemptState.UNCERTAIN}`", *untouched, _jittered(scene)
        case Stage():
            return f"stays, `{AttemptState.STAGED}`", *untouched, "none: it is judged as it is"
        case Keep():
            what = f"the token is kept as a candidate for {_jittered(scene)}"
            return f"`{Outcome.KEPT}`", "as it was", "as it was", what
        case Revoke():
            return f"`{Outcome.FENCED}`", "as it was", "as it was", "the tokens are revoked"
        case Settled():
            return "as it was", "as it was", "as it was", "none"
        case Close(outcome=outcome, turn=None):
            return f"`{outcome}`", "as it was", "as it was", "none"
        case Close(outcome=outcome, turn=turn) if turn is not None:
            moved = (turn.state, turn.reason) != (scene.account.state, scene.account.reason)
            became = _named(turn.state, turn.reason) if moved else "as it was"
            if turn.ends_access:
                return f"`{outcome}`", became, "**ends**", "when the person links again"
            return f"`{outcome}`", became, "kept", _jittered(scene)
        case other:
            raise AssertionError(other)


def _adopted(adopt: Adopt) -> tuple[Outcome, str]:
    if adopt.proved_in is not None:
        return Outcome.REUSED, f"{_wait(adopt.proved_in)}: whether the new token lives"
    kept = adopt.keeps_presented_in
    then = f"the old token stays a candidate for {_wait(kept)}" if kept else "when stale"
    return Outcome.ADOPTED, then


def _claims() -> Iterator[tuple[str, str]]:
    over = replace(ARMED, lease_until=NOW)
    ended = replace(ACTIVE, state=AccountState.NEEDS_SCOPE, reason=AccountReason.SCOPE_MISSING)
    refused = replace(ACTIVE, state=AccountState.SUSPECT, rejections=4, candidates=(CANDIDATE,))
    waiting = replace(ACTIVE, refresh_try_at=LATER)
    opened = CircuitFacts(failures=1, retry_at=LATER)
    strict, family = Rotation.STRICT, Rotation.FAMILY
    for words, account, live, circuit, rotation in (
        ("no attempt is live", ACTIVE, None, None, strict),
        ("an attempt is live and its lease runs", ACTIVE, ARMED, None, strict),
        ("an attempt is live and its lease is over", ACTIVE, over, None, strict),
        ("the same, where reuse ends the whole family", ACTIVE, over, None, family),
        (
            "an answer is staged and the lease is over",
            ACTIVE,
            replace(over, state=AttemptState.STAGED),
            None,
            strict,
        ),
        ("the next try is not due", waiting, None, None, strict),
        ("the own token was refused often enough", refused, None, None, strict),
        ("the circuit is open", ACTIVE, None, opened, strict),
        ("the circuit is half open", ACTIVE, None, replace(opened, retry_at=NOW), strict),
        ("there is no refresh token", replace(ACTIVE, has_refresh_token=False), None, None, strict),
        ("access has ended", ended, None, None, strict),
    ):
        yield words, _told(plan_claim(account, live, circuit, DEFAULTS, rotation=rotation, now=NOW))


def _told(plan: object) -> str:
    match plan:
        case Claim(takes_over=taken, candidate=candidate, probes=probes):
            over = f", and closes the old attempt as `{Outcome.UNANSWERED}`" if taken else ""
            other = " with a candidate" if candidate else ""
            return f"starts{other}{' as the one probe' if probes else ''}{over}"
        case Judge():
            return "is not needed: the answer is judged"
        case Wait(why=why):
            return f"waits: `{why}`"
        case Hopeless(reason=reason):
            return f"is hopeless: `{reason}`"
        case other:
            raise AssertionError(other)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _attempt_edges() -> Iterator[tuple[str, str, str]]:
    yield "[*]", AttemptState.ARMED, "claimed"
    told = (*scenes(), *late_scenes())
    for scene in (one for one in told if one.attempt.state in LIVE):
        state = scene.attempt.state
        match scene.transition():
            case Doubt():
                yield state, AttemptState.UNCERTAIN, scene.words
            case Stage():
                yield state, AttemptState.STAGED, scene.words
            case Close(outcome=outcome):
                yield state, AttemptState.CLOSED, outcome
            case Adopt():
                yield state, AttemptState.CLOSED, Outcome.ADOPTED
            case Keep():
                yield state, AttemptState.CLOSED, Outcome.KEPT
            case Revoke() | Settled():
                pass
    for live in sorted(LIVE):
        if live is not AttemptState.STAGED:
            yield live, AttemptState.CLOSED, f"{Outcome.UNANSWERED} (lease over, taken over)"
        yield live, AttemptState.CLOSED, f"{Outcome.FENCED} (linked again, unlinked)"


def _account_edges() -> Iterator[tuple[str, str, str]]:
    suspect = turned(Scene("", REFUSED))
    ended = _refused_by_the_api(suspect)
    for scene in scenes():
        befores = [scene.account]
        if scene.answer != REFUSED:
            befores = [ACTIVE, suspect, ended]
        elif scene.account.state is AccountState.SUSPECT:
            befores = [
                scene.account,
                replace(scene.account, state=ended.state, reason=ended.reason),
            ]
        for before in befores:
            after = turned(replace(scene, account=before))
            if (after.state, after.reason) != (before.state, before.reason):
                yield _node(before), _node(after), scene.words
    yield _node(suspect), _node(ended), "the API refuses its access token"
    dead = turned(list(refusals())[3])
    for scene in late_scenes():
        if isinstance(scene.answer, TokenGrant) and isinstance(scene.transition(), Adopt):
            yield _node(dead), _node(turned(scene)), "late tokens"
            if scene.account.state not in LIVING:
                yield _node(scene.account), _node(turned(scene)), "late tokens"


def _refused_by_the_api(account: AccountFacts) -> AccountFacts:
    meaning = plan_refused(account, link_id="link", version=account.version, forced=False)
    assert isinstance(meaning, Believe)  # noqa: S101 - or the page below would be a lie
    consequence = consequence_of(FailureKind.CREDENTIAL_REJECTED)
    return replace(account, state=consequence.state or account.state, reason=consequence.reason)


def _node(account: AccountFacts) -> str:
    return f"{account.state}__{account.reason}" if account.reason else account.state.value


def _circuit_edges() -> Iterator[tuple[str, str, str]]:
    opened = CircuitFacts(failures=1, retry_at=NOW, probe_until=LATER)
    yield "[*]", "closed", "new credentials"
    yield "open", "half_open", "wait over: one probe goes"
    for outcome in Outcome:
        for state, facts in (("closed", None), ("half_open", opened)):
            match plan_circuit(
                outcome, facts, DEFAULTS, account_id=1, probed=facts is not None, jitter=0.0
            ):
                case Open():
                    yield state, "open", outcome
                case Shut():
                    yield state, "closed", outcome
                case None:
                    pass


def _diagram(edges: Iterable[tuple[str, str, str]]) -> str:
    """One arrow for each pair of states, with everything that leads along it."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for before, after, words in edges:
        labels = arrows.setdefault((before, after), [])
        if words not in labels:
            labels.append(words)
    nodes = dict.fromkeys(node for arrow in arrows for node in arrow if "__" in node)
    named = "".join(f"    {node}: {node.replace('__', ' - ')}\n" for node in nodes)
    drawn = (f"    {a} --> {b}: {', '.join(labels)}\n" for (a, b), labels in arrows.items())
    return f"```mermaid\nstateDiagram-v2\n{named}{''.join(drawn)}```\n"


def page() -> str:
    """The whole document."""
    heading = ("answer", "the attempt", "the account", "access", "next")
    means = ((scene.words, *_meaning(scene)) for scene in scenes())
    late = ((scene.words, *_meaning(scene)) for scene in late_scenes())
    return "\n".join(
        (
            HEAD,
            "## Whether one may start\n",
            _table(("where", "a refresh"), _claims()),
            "## What an answer means\n",
            _table(heading, means),
            "What a host asks to wait is waited for, up to `refresh_told_most`. Between the",
            "repetitions of a refused token a candidate is tried that would not live through them.",
            "A suspect whose access token the API refuses as well loses access at once; its",
            "repetitions go on, and a success restores it.\n",
            "## What a late answer means\n",
            _table(heading, late),
            "Where access ended while an answer was on its way, no refusal gives it back.\n",
            "## The attempt\n",
            _diagram(_attempt_edges()),
            "## The account\n",
            "Answers that leave the account as it was are not drawn.\n",
            _diagram(_account_edges()),
            "## The circuit of an OAuth client\n",
            "While it is open nobody presents a token; a living access token is still given.\n",
            _diagram(_circuit_edges()),
        )
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
