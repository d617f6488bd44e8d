"""The page about webhooks says what the program reads, and has words for every notice."""

from docs.generate_webhooks import DOES, PAGE, page
from permsync.codehost.notices import WORDS


def test_the_page_about_webhooks_is_what_the_program_says() -> None:
    stale = "run .venv/bin/python -m docs.generate_webhooks"
    assert PAGE.read_text(encoding="utf-8") == page(), stale


def test_every_notice_has_words() -> None:
    assert set(DOES) == set(WORDS)
