"""
No page in any of its states shuts anybody out: axe finds nothing serious, in both themes.

The search is axe-core's, in the real browser, over every state of the scenery. This module
must not know how a state comes about.
"""

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from permsync.cli.demo.site import DemoPlan, running
from tests.journeys.chromium import NARROW, WIDE, chromium, window
from tests.journeys.places import own_folder
from tests.journeys.scenery import SCENES, scenes

ACCESS_SECONDS = 15
GRAVE = ("serious", "critical")
OPTIONS = {"resultTypes": ["violations"]}  # the rest is not looked at, and large
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

Found = dict[str, list[str]]


def barriers(page: Page) -> list[str]:
    """What axe calls serious or critical on this page, each with where it is."""
    violations: list[dict[str, Any]] = Axe().run(page, options=OPTIONS).response["violations"]
    return [
        f"{one['id']} at {node['target']}"
        for one in violations
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def overflows(page: Page) -> bool:
    """Whether a narrow window must be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.fixture(scope="module")
def found() -> Iterator[dict[str, Found]]:
    """Walk once through every state, and look in both themes and in a narrow window."""
    seen: dict[str, Found] = {"barriers": {}, "overflows": {}}
    with (
        own_folder() as folder,
        running(DemoPlan(folder=folder, access_seconds=ACCESS_SECONDS)) as site,
        chromium() as browser,
    ):
        for name, person in scenes(browser, site):
            for theme in THEMES:
                person.page.emulate_media(color_scheme=theme)
                seen["barriers"][f"{name} {theme}"] = barriers(person.page)
            person.page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
            seen["overflows"][name] = [name] if overflows(person.page) else []
            person.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        with window(browser, site, "grace") as person:
            person.page.set_content("<img src='x'><p style='color: #ccc'>faint</p>")
            seen["barriers"]["a bad page"] = barriers(person.page)
        yield seen


def test_no_page_has_a_serious_barrier_in_either_theme(found: dict[str, Found]) -> None:
    looked_at = found["barriers"]
    assert len(looked_at) == len(SCENES) * len(THEMES) + 1
    assert not {name: said for name, said in looked_at.items() if said and name != "a bad page"}


def test_the_search_finds_what_is_there(found: dict[str, Found]) -> None:
    said = " ".join(found["barriers"]["a bad page"])
    assert "image-alt" in said
    assert "color-contrast" in said


def test_no_page_is_wider_than_a_narrow_window(found: dict[str, Found]) -> None:
    assert not {name for name, said in found["overflows"].items() if said}
