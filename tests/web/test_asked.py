"""The database is told that somebody asks about a person now and then, not at every check."""

from datetime import timedelta

from permsync.web.asked import AskedLately

EVERY = timedelta(minutes=60)


def test_the_first_question_about_a_person_is_news() -> None:
    lately = AskedLately(every=EVERY)
    assert lately.add(1, boottime_seconds=0)
    assert lately.add(2, boottime_seconds=0)


def test_the_next_ones_are_not_until_half_the_interval_has_passed() -> None:
    lately = AskedLately(every=EVERY)
    lately.add(1, boottime_seconds=0)
    assert not lately.add(1, boottime_seconds=1_799)
    assert lately.add(1, boottime_seconds=1_800)
    assert not lately.add(1, boottime_seconds=1_801)


def test_beyond_the_limit_the_longest_known_is_forgotten_and_told_again() -> None:
    lately = AskedLately(every=EVERY, most=2)
    for person in (1, 2, 3):
        lately.add(person, boottime_seconds=0)
    assert not lately.add(2, boottime_seconds=1)
    assert lately.add(1, boottime_seconds=1)


def test_who_was_told_again_is_not_the_longest_known() -> None:
    lately = AskedLately(every=EVERY, most=2)
    lately.add(1, boottime_seconds=0)
    lately.add(2, boottime_seconds=1)
    lately.add(1, boottime_seconds=1_800)
    lately.add(3, boottime_seconds=1_800)
    assert not lately.add(1, boottime_seconds=1_801)
    assert lately.add(2, boottime_seconds=1_801)
