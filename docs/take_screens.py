"""
Writes ``docs/screens/``: every page in its important states, light, dark and 360 px wide.

The pictures come from the real service over pretend hosts, driven by Chromium; ``make
screens`` takes them. A picture is reduced to a palette, so that the folder stays small. It
decides nothing about a page.
"""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from permsync.cli.demo.site import DemoPlan, running
from tests.journeys.chromium import NARROW, WIDE, chromium
from tests.journeys.places import own_folder
from tests.journeys.scenery import scenes

FOLDER = Path(__file__).with_name("screens")
COLOURS = 128
ACCESS_SECONDS = 15
SETTLE_MS = 300


def take(page: Page, name: str) -> None:
    """One state in three pictures; the window is wide and light again afterwards."""
    for look, (width, height), scheme in (
        ("light", WIDE, "light"),
        ("dark", WIDE, "dark"),
        ("narrow", NARROW, "light"),
    ):
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.wait_for_timeout(SETTLE_MS)
        shot = page.screenshot(full_page=True, animations="disabled")
        picture = Image.open(io.BytesIO(shot)).convert("RGB")
        picture.quantize(COLOURS, dither=Image.Dither.NONE).save(
            FOLDER / f"{name}-{look}.png", optimize=True
        )
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    page.emulate_media(color_scheme="light")


def main() -> None:
    """Walk through every state once."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    with (
        own_folder() as folder,
        running(DemoPlan(folder=folder, access_seconds=ACCESS_SECONDS)) as site,
        chromium() as browser,
    ):
        for name, person in scenes(browser, site):
            take(person.page, name)


if __name__ == "__main__":
    main()
