"""Notices: every one has a word of its own, survives being stored, and knows what it may do."""

from dataclasses import fields
from typing import get_args

import pytest

from permsync.codehost import notices
from permsync.codehost.notices import Closing, Notice, Unknown, is_silent, parse_notice, words_of

KINDS: tuple[type[Notice], ...] = get_args(notices.Notice)


def one(kind: type[Notice]) -> Notice:
    """A notice of this kind about something."""
    ids = {each.name: f"id of {each.name}" for each in fields(kind)}
    return parse_notice({"notice": notices.WORDS[kind], **ids})


def test_every_notice_has_a_word_of_its_own() -> None:
    assert set(notices.WORDS) == set(KINDS)
    assert len(set(notices.WORDS.values())) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stored_notice_is_read_as_it_was(kind: type[Notice]) -> None:
    assert isinstance(one(kind), kind)
    assert parse_notice(words_of(one(kind))) == one(kind)


def test_a_notice_holds_ids_of_what_it_is_about_and_nothing_else() -> None:
    held = {each.name for kind in KINDS for each in fields(kind)}
    assert held == {"person", "repository", "owner"}


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"notice": "of a newer program", "person": "1"},
        {"notice": "member_removed", "person": "1"},
        {"notice": "ping", "person": "1"},
    ],
)
def test_what_is_no_notice_means_nothing(words: dict[str, str]) -> None:
    assert parse_notice(words) == Unknown()


def test_losing_closes_and_nothing_else_does() -> None:
    closing = {notices.WORDS[kind] for kind in KINDS if isinstance(one(kind), Closing)}
    assert closing == {
        "member_removed",
        "owner_member_removed",
        "repository_made_private",
        "repository_gone",
        "repository_transferred",
    }


def test_only_a_ping_and_the_unknown_are_silent() -> None:
    assert {notices.WORDS[kind] for kind in KINDS if is_silent(one(kind))} == {"ping", "unknown"}
