"""
What a cell of the matrix came to: lost, falsely dead, overwritten, shown healthy though dead.

A pure function of facts: what the host says of every token it issued, what the database
holds and ever held, and what the proxy saw of every presentation. Logs are no evidence
here, and nothing is believed because the product said it. This module must not know how
the facts were found, or a fault.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

LIVING = frozenset({"active", "suspect"})
DEAD = "needs_reauth"


@dataclass(frozen=True, slots=True)
class Pair:
    """
    Two tokens as their host knows them; ``number`` grows with every pair.

    ``works`` is whether the refresh token would be taken now, ``shown`` whether its answer
    reached, whole, a process that lived on. Of the times that it was ``presented``, so many
    were ``abandoned``: the answer came too late, on a busy machine as in life.
    """

    number: int
    family: str
    works: bool
    presented: int = 0
    abandoned: int = 0
    shown: bool = False
    parent: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """One state of the account's row, in the order of writing; ``pair`` is what it held."""

    link: str
    version: int
    state: str
    pair: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """
    Everything that is judged about one account, once it settled.

    ``held`` are the pairs whose refresh tokens the database holds: the current one first,
    then candidates. ``attempts`` counts attempts by (link, version). ``earlier`` is how often
    each pair had been presented before the part that is judged. ``settled`` is false where
    the account was still in doubt when patience ended.
    """

    state: str
    reason: str | None
    pairs: tuple[Pair, ...]
    held: tuple[int, ...]
    history: tuple[Written, ...]
    attempts: Counter[tuple[str, int]]
    earlier: Mapping[int, int] = field(default_factory=dict)
    settled: bool = True


@dataclass(frozen=True, slots=True)
class Terms:
    """
    What the host and the fault allow.

    ``unforgiving``: a lost answer cannot be made good (strict, family). ``reused``: the
    network or a paused process made the host see a reuse, which family hosts punish.
    ``ended``: the account is meant to end (an unlink, a revocation). ``may_revive``: an
    answer may come so late that the account was given up for dead meanwhile. ``most_posts``
    is how often one refresh token may be presented.
    """

    unforgiving: bool = False
    reused: bool = False
    ended: bool = False
    may_revive: bool = False
    most_posts: int = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """The four promises, the posts of the busiest version, and in words what was broken."""

    lost: bool
    loss_allowed: bool
    falsely_dead: bool
    overwritten: bool
    stale_healthy: bool
    most_presented: int
    broken: tuple[str, ...]


def judge(facts: Facts, terms: Terms) -> Verdict:
    """Hold the facts against the promises."""
    by_number = {pair.number: pair for pair in facts.pairs}
    held = [by_number[number] for number in facts.held if number in by_number]
    works = any(pair.works for pair in held)
    gone = not works and not terms.ended
    falsely_dead = _was_falsely_dead(facts, terms, by_number)
    lost = gone and not (falsely_dead and facts.state == DEAD)
    allowed = lost and _may_be_lost(facts, terms, by_number)
    stale = lost and facts.state in LIVING
    overwritten = _is_overwritten(facts, by_number)
    most = max((_posts(facts, pair) for pair in facts.pairs), default=0)
    excused = max((pair.abandoned for pair in facts.pairs), default=0)
    broken = []
    if lost and not allowed:
        broken.append("lost")
    if falsely_dead:
        broken.append("falsely dead")
    if overwritten:
        broken.append("overwritten")
    if stale:
        broken.append("dead but shown healthy")
    if allowed and not terms.reused and facts.reason != "rotation_lost":
        broken.append(f"the loss is named {facts.reason}")
    if most > terms.most_posts + excused:
        broken.append(f"{most} POSTs for one version, {terms.most_posts} allowed")
    if excess := _unclaimed(facts, by_number):
        broken.append(f"{excess} POSTs without a claim")
    if not facts.settled:
        broken.append("never settled")
    return Verdict(lost, allowed, falsely_dead, overwritten, stale, most, tuple(broken))


def _posts(facts: Facts, pair: Pair) -> int:
    """
    The presentations of this pair for one version.

    A host that never rotates gives the same token to many versions; all but the newest of
    them were presented once.
    """
    earlier = facts.earlier.get(pair.number, 0)
    versions = {(one.link, one.version) for one in facts.history if one.pair == pair.number}
    others = 0 if earlier else max(0, len(versions) - 2)
    return pair.presented - earlier - others


def _was_falsely_dead(facts: Facts, terms: Terms, by_number: dict[int, Pair]) -> bool:
    """Dead now though a token works, or dead once and alive again without a new link."""
    if terms.ended:
        return False
    if facts.state == DEAD:
        return _recoverable(facts, by_number)
    link = facts.history[-1].link if facts.history else ""
    rose = any(one.link == link and one.state == DEAD for one in facts.history)
    return rose and not terms.may_revive


def _recoverable(facts: Facts, by_number: dict[int, Pair]) -> bool:
    """Whether a token of the last link that the product ever held, or was given, works."""
    link = facts.history[-1].link if facts.history else ""
    known = {one.pair for one in facts.history if one.link == link}
    known |= set(facts.held)
    families = {by_number[number].family for number in known if number in by_number}
    return any(
        pair.works and (pair.number in known or (pair.shown and pair.family in families))
        for pair in facts.pairs
    )


def _may_be_lost(facts: Facts, terms: Terms, by_number: dict[int, Pair]) -> bool:
    """
    Only between the host's commit and ours, and only where the host forgives nothing.

    There must be a pair that the host issued and the database never held, and its answer
    must not have reached a process that lived on: that one would have dropped a 2xx.
    """
    if not terms.unforgiving:
        return False
    if terms.reused:
        return True
    known = {one.pair for one in facts.history}
    families = {by_number[number].family for number in facts.held if number in by_number}
    orphans = [pair for pair in facts.pairs if pair.number not in known and pair.family in families]
    return bool(orphans) and not any(pair.shown for pair in orphans)


def _is_overwritten(facts: Facts, by_number: dict[int, Pair]) -> bool:
    return any(_overwrites(*two) for two in _changes(facts)) or _holds_older(facts, by_number)


def _changes(facts: Facts) -> Iterator[tuple[Written, Written]]:
    return zip(facts.history, facts.history[1:], strict=False)


def _overwrites(before: Written, after: Written) -> bool:
    """A version that goes back, or one version that becomes other tokens."""
    same = (before.link, before.version) == (after.link, after.version)
    swapped = same and after.pair is not None and before.pair not in {None, after.pair}
    return after.version < before.version or swapped


def _holds_older(facts: Facts, by_number: dict[int, Pair]) -> bool:
    """The row went back to an older consent, or to an older link."""
    links: list[str] = []
    for one in facts.history:
        if one.link not in links:
            links.append(one.link)
    if facts.history and links and facts.history[-1].link != links[-1]:
        return True
    newest = max(facts.pairs, key=lambda pair: pair.number, default=None)
    stored = [by_number[one.pair] for one in facts.history if one.pair in by_number]
    latest = max(stored, key=lambda pair: _consent(pair, by_number), default=None)
    current = by_number.get(facts.held[0]) if facts.held else None
    if newest is None or latest is None or current is None:
        return False
    return current.family != latest.family


def _consent(pair: Pair, by_number: dict[int, Pair]) -> int:
    """The number of the first pair of this pair's consent: later consents are greater."""
    return min(one.number for one in by_number.values() if one.family == pair.family)


def _unclaimed(facts: Facts, by_number: dict[int, Pair]) -> int:
    """POSTs beyond the claims that were written before: each claim sends once at most (I2)."""
    claimed = sum(facts.attempts.values())
    posted = sum(pair.presented for pair in by_number.values())
    return max(0, posted - claimed)
