"""
``docs/settings.md`` and ``docs/errors.md`` are what their generators write today, and complete.

Rewrite a stale page with ``python -m docs.generate_settings`` or ``docs.generate_errors``.
"""

import pytest

from docs import generate_errors, generate_settings
from permsync.config.catalogue import catalogue

ENTRIES = [entry for section in catalogue() for entry in section.entries]


def test_the_page_of_settings_says_what_the_settings_say_today() -> None:
    assert generate_settings.PAGE.read_text(encoding="utf-8") == generate_settings.page()


def test_the_page_of_errors_says_what_the_program_says_today() -> None:
    assert generate_errors.PAGE.read_text(encoding="utf-8") == generate_errors.page()


@pytest.mark.parametrize("key", [entry.key for entry in ENTRIES])
def test_a_setting_has_a_heading(key: str) -> None:
    assert f"### `{key}`\n" in generate_settings.page()


def test_every_error_has_advice_and_no_advice_is_left_over() -> None:
    assert {error.code for error in generate_errors.tree()} == set(generate_errors.ADVICE)
