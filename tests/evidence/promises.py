"""
The invariants of EVIDENCE, each as a question to two looks at the database and the truth.

Nothing here repeats how the product comes to a row: a row is held against the times at which
its pair was true at the host, and against the notices, noes and ends that the test caused.
``PROMISES`` is the list, by number, with its sentence. This module must not change anything.
"""

from collections.abc import Callable, Iterator

from permsync.model import LIVING
from tests.evidence.memory import Look
from tests.evidence.truth import ACCOUNT, REPOSITORY, Key

Promise = Callable[[Look], Iterator[object]]
OPENNESS = {"private": 0, "internal": 1, "public": 2}


class BrokenPromiseError(AssertionError):
    """A promise was broken; the message says which."""


def check(look: Look) -> None:
    """Raise ``BrokenPromiseError`` for the first promise that the step broke."""
    for (name, sentence), promise in PROMISES.items():
        for found in promise(look):
            raise BrokenPromiseError(f"{name}: {sentence} {found} after {look.step}")


def nothing_older_than_a_notice_returns(look: Look) -> Iterator[object]:
    """Rows that came began after every notice; those that a notice is about have left."""
    for key, row in look.appeared():
        bar = look.memory.bar_of(key, look.after.owner_of(key))
        if bar is None:
            continue
        history = look.memory.history
        if row.age is None or row.age <= bar or not history.was_held(key, after=bar):
            yield key, row, bar
    notice = look.step.notice
    if notice is not None:
        whole = notice.verb in {"drop", "delete"}
        at = notice.at + look.memory.settle if whole else notice.at
        for key, row in look.after.rows.items():
            about = notice.is_about(key, look.after.owner_of(key))
            if about and (row.age is None or row.age <= at):
                yield key, row


def no_yes_outlives_a_later_no(look: Look) -> Iterator[object]:
    """Rows that came began after their source's last no."""
    for key, row in look.appeared():
        last = look.memory.noes.get(key)
        if last is None:
            continue
        held = look.memory.history.was_held(key, after=last)
        if row.age is None or row.age <= last or not held:
            yield key, row, last


def who_was_passed_over_is_looked_at_again(look: Look) -> Iterator[object]:
    """What the last listing must have seen is held, or an ask or a listing is queued."""
    stored, memory = look.after, look.memory
    for key in memory.history.now.held - stored.rows.keys():
        one = (
            stored.accounts.get((key.host, key.person))
            if key.source == ACCOUNT
            else stored.repositories.get((key.host, key.repository))
        )
        if one is None or one["listed_at"] is None or _may_not_speak(look, key):
            continue
        since = one["listed_at"]
        seen = memory.history.is_held_since(key, since)
        clear = memory.history.is_clear_since(key.host, since)
        lied = key in memory.lies and memory.lies[key] >= since
        if seen and clear and not lied and not _is_wanted(look, key, one["id"]):
            yield key, since


def _may_not_speak(look: Look, key: Key) -> bool:
    """Nobody asks for this source: access ended, the owner is left out, no connection is there."""
    if key.source == REPOSITORY:
        return look.after.repositories[key.host, key.repository]["sync_due_at"] is None
    one = look.after.accounts[key.host, key.person]
    ended = one["ended_at"] is not None and one["ended_at"] >= one["listed_at"]
    living = one["state"] in LIVING and one["disabled_at"] is None
    return ended or not living or look.after.owner_of(key) in one["gaps"]


def _is_wanted(look: Look, key: Key, subject: int) -> bool:
    if key.source == REPOSITORY:
        return f"sync_repository:{subject}" in look.after.jobs
    if f"sync_account:{subject}" in look.after.jobs:
        return True
    asks = look.after.accounts[key.host, key.person]["asks"]
    return key.repository in asks and f"ask_account:{subject}" in look.after.jobs


def a_source_changes_only_its_own_rows(look: Look) -> Iterator[object]:
    """A listing or an ask writes rows of its source and subject; a move is no absence."""
    if look.step.kind not in {"sync_account", "ask_account", "sync_repository"}:
        return
    moved = look.moved()
    for key in look.before.rows.keys() | look.after.rows.keys():
        was, now = look.before.rows.get(key), look.after.rows.get(key)
        same = was is not None and now is not None and was.written == now.written
        if not same and not look.is_own(key) and (key.host, key.repository) not in moved:
            yield key, was, now


def a_hold_moves_no_age(look: Look) -> Iterator[object]:
    """Rows that were there have the age that they had."""
    if look.after.last_held == look.before.last_held:
        return
    for key, row in look.after.rows.items():
        was = look.before.rows.get(key)
        if was is not None and look.is_own(key) and was.age != row.age:
            yield key, was, row


def an_equal_listing_writes_no_row(look: Look) -> Iterator[object]:
    """Where all that is stored was seen and nothing else, no row was written."""
    since = look.listed_from()
    if since is None or look.step.lied or look.moved():
        return
    history = look.memory.history
    own = {key for key in look.before.rows if look.is_own(key)}
    seen = {key for truth in history.after(since) for key in truth.held if look.is_own(key)}
    gaps = _gaps(look)
    own_seen = {key for key in own if look.before.owner_of(key) not in gaps}
    new = {key for key in seen - own if look.after.owner_of(key) not in gaps}
    steady = all(history.is_held_since(key, since) for key in own_seen)
    missed = any(look.before.rows[key].missed for key in own_seen)
    if new or missed or not steady:
        return
    for key in own:
        now = look.after.rows.get(key)
        if now is None or now.written != look.before.rows[key].written:
            yield key, look.before.rows[key], now


def _gaps(look: Look) -> frozenset[str]:
    if look.step.kind != "sync_account":
        return frozenset()
    return frozenset(look.after.account_of(look.step.subject)["gaps"])


def no_run_speaks_for_another_link(look: Look) -> Iterator[object]:
    """Whoever began with a link that is over, or before access ended, wrote no row."""
    if look.step.link_id is None:
        return
    one = look.before.account_of(look.step.subject)
    if one["link_id"] == look.step.link_id and one["state"] in LIVING:
        return
    for key in look.before.rows.keys() | look.after.rows.keys():
        if look.is_own(key) and look.before.rows.get(key) != look.after.rows.get(key):
            yield key


def nothing_older_than_a_narrowing_opens(look: Look) -> Iterator[object]:
    """What opened was open after the narrowing and the host's settle time."""
    for name, one in look.after.repositories.items():
        was = look.before.repositories.get(name)
        if was is None or OPENNESS[one["visibility"]] <= OPENNESS[was["visibility"]]:
            continue
        closed = [
            each.at
            for each in look.memory.notices
            if each.verb == "close" and (each.host, each.repository) == name
        ]
        bar = max([was["visibility_at"], *closed]) + look.memory.settle
        if not look.memory.history.was_open(*name, after=bar):
            yield name, bar


def asks_stay_below_the_fold(look: Look) -> Iterator[object]:
    """As many pairs of one account are asked about between two listings, and no more."""
    for one in look.after.accounts.values():
        known = look.memory.asked.get(one["id"], set())
        was = look.before.accounts.get((one["host"], one["external_id"]))
        listed = was is not None and was["listed_at"] != one["listed_at"]
        asked = set(one["asks"]) if listed else known | set(one["asks"])
        if len(asked) > look.memory.fold_above:
            yield one["id"], sorted(asked)


def an_age_is_that_of_a_yes(look: Look) -> Iterator[object]:
    """At the age of a row, or later, its source contained the pair."""
    for key, row in look.after.rows.items():
        if row.age is not None and not look.memory.history.was_held(key, after=row.age):
            yield key, row


def doubt_takes_nothing_away(look: Look) -> Iterator[object]:
    """What left was not true at some time since its age, or a notice took it, or it moved."""
    notice, moved = look.step.notice, look.moved()
    for key, row in look.left():
        owner = look.before.owner_of(key)
        noticed = notice is not None and notice.is_about(key, owner)
        if noticed or (key.host, key.repository) in moved or row.age is None:
            continue
        if look.memory.history.is_held_since(key, row.age):
            yield key, row


def two_noes_are_enough(look: Look) -> Iterator[object]:
    """What a listing did not see is missed; what was missed before is gone."""
    since = look.listed_from()
    if since is None or look.step.lied:
        return
    memory, gaps = look.memory, _gaps(look)
    for key, row in look.after.rows.items():
        owner = look.after.owner_of(key)
        bars = [memory.bar_of(key, owner), memory.noes.get(key)]
        fenced = any(bar is not None and bar >= since for bar in bars)
        lost = memory.history.is_lost_since(key, since)
        if look.is_own(key) and owner not in gaps and not fenced and lost:
            was = look.before.rows.get(key)
            if not row.missed or (was is not None and was.missed):
                yield key, was, row


PROMISES: dict[tuple[str, str], Promise] = {
    ("Promise 3", "doubt removes nothing"): doubt_takes_nothing_away,
    (
        "I1",
        "after a removal, nothing begun before the host has settled brings the pair back",
    ): nothing_older_than_a_notice_returns,
    ("I2", "a source that said no holds no yes begun before it"): no_yes_outlives_a_later_no,
    (
        "I3",
        "whoever is denied although a yes was said is asked about again",
    ): who_was_passed_over_is_looked_at_again,
    ("I4", "no source's absence changes another's rows"): a_source_changes_only_its_own_rows,
    ("I7", "a hold moves no age"): a_hold_moves_no_age,
    ("I8", "a listing equal to the stored rows writes none"): an_equal_listing_writes_no_row,
    ("I9", "no grant mixes two links"): no_run_speaks_for_another_link,
    (
        "I10",
        "a listing begun before a narrowing never reopens",
    ): nothing_older_than_a_narrowing_opens,
    ("I12", "asks between two listings stay below the fold"): asks_stay_below_the_fold,
    ("R3", "a pair leaves a source on its second no"): two_noes_are_enough,
    ("Age", "a row is as old as a yes of its source"): an_age_is_that_of_a_yes,
}
