"""
``docs/hosts.md`` is what ``docs/generate_hosts.py`` writes today, and shows every kind whole.

Rewrite a stale page with ``python -m docs.generate_hosts``.
"""

import pytest

from docs.generate_hosts import PAGE, ROTATIONS, guide_of, page
from permsync.codehost import Rotation
from permsync.codehost.options import options_of
from permsync.hosts import built_in


def test_the_page_of_hosts_says_what_the_host_files_say_today() -> None:
    stale = "run .venv/bin/python -m docs.generate_hosts"
    assert PAGE.read_text(encoding="utf-8").splitlines() == page().splitlines(), stale


@pytest.mark.parametrize("kind", built_in())
def test_a_kind_has_its_guide_a_row_and_its_options_on_the_page(kind: str) -> None:
    host = built_in()[kind]
    assert f"| [`{kind}`](#{kind}) | [{host.title}]({guide_of(kind)}) |" in page()
    section = page().partition(f"\n## `{kind}`\n")[2].partition("\n## ")[0]
    for option in options_of(host.options):
        assert f"| `{option.name}` | {option.form} | " in section
        assert f" | {option.meaning} |" in section


@pytest.mark.parametrize("kind", built_in())
def test_a_guide_says_how_its_settings_are_checked(kind: str) -> None:
    guide = PAGE.parent / str(guide_of(kind))
    assert "\npermsync hosts check " in guide.read_text(encoding="utf-8")


def test_a_choice_that_changes_what_a_host_is_has_a_row_of_its_own() -> None:
    assert '| with `app = "github_app"` |  | none | 8 h |' in page()
    assert 'with `rotation = "none"`' not in page()


def test_every_way_that_tokens_rotate_is_put_in_words() -> None:
    assert set(ROTATIONS) == set(Rotation)
