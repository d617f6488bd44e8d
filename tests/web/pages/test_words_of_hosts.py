"""
Whatever a host says at whatever step: no byte of it and no secret reaches a browser.

The pretend hosts put a canary into every text of theirs, and know every secret they gave.
What a browser is told is every page, address, header and cookie of the story. This module
must not know a sentence of ours.
"""

from dataclasses import dataclass, field

import pytest

from permsync.errors import PermsyncError
from permsync.flows.sync_account import sync_account
from permsync.model import Trigger
from permsync.simulator.faults import NextAnswer, Shape
from tests.asgi_client import Answer
from tests.flows.scenes import found_in, rows
from tests.web.visitors import Browser
from tests.world import KINDS, World

HTML = {"accept": "text/html"}
SHAPES: tuple[Shape, ...] = (
    "html",
    "200_error",
    "rejection",
    "invalid_client",
    "unauthorized",
    "redirect",
    "invalid_utf8",
    "truncated",
    "status",
)
STATUSES = (400, 401, 403, 404, 429, 500)


@dataclass(slots=True)
class Told:
    """Everything that one browser was told."""

    browser: Browser
    heard: list[Answer] = field(default_factory=list)

    async def look(self, path: str) -> Answer:
        """Open a page as a person does."""
        answer = await self.browser.get(path, **HTML)
        self.heard.append(answer)
        return answer

    async def press(self, path: str, **fields: str) -> Answer:
        """Send a form, and open the page that the answer leads to, if it is ours."""
        answer = await self.browser.press(path, **fields)
        self.heard.append(answer)
        if answer.location.startswith("/"):
            await self.look(answer.location)
        return answer

    async def back(self, address: str) -> None:
        """Come back from the host, and open the page that the answer leads to."""
        answer = await self.look(address)
        await self.look(answer.location)

    def texts(self) -> str:
        """All of it, headers and cookies included."""
        return "\n".join(
            answer.body.decode(errors="replace") + repr(answer.headers) for answer in self.heard
        )


def break_next(world: World, host: str, shape: Shape) -> None:
    """Every answer of this host is spoiled, until the faults are cleared."""
    faults = world.host(host).faults
    for status in STATUSES if shape == "status" else (403,):
        for where in ("token", "api"):
            words = f"<b>{world.simulator.world.canary}</b>"
            answer = NextAnswer(where, shape, times=3, status=status, message=words)
            faults.next_answers.append(answer)


def mend(world: World, host: str) -> None:
    """The host is well again."""
    world.host(host).faults.next_answers.clear()


async def sync(world: World, account: int) -> None:
    """A sync as the worker runs it, whatever becomes of it."""
    try:
        await sync_account(world.services, account, Trigger.PERSON)
    except PermsyncError:
        return


def secrets_of(world: World, told: Told) -> set[str]:
    """What no page may hold; the session's own cookie is the browser's."""
    known = set(world.simulator.world.secrets())
    return known - set(told.browser.cookies.values())


@pytest.mark.parametrize("host", KINDS)
async def test_no_word_of_a_host_and_no_secret_is_told_at_any_step(
    world: World, browser: Browser, host: str
) -> None:
    told = Told(browser)
    await browser.sign_in("ada")
    for shape in SHAPES:
        back = await browser.way_back(await told.press(f"/link/{host}"), "ada")
        break_next(world, host, shape)
        await told.back(back)
        mend(world, host)
        back = await browser.way_back(await told.press(f"/link/{host}"), "ada")
        await told.back(back)
        account = int((await told.look("/me")).json["accounts"][0]["id"])
        break_next(world, host, shape)
        await sync(world, account)
        await told.look("/")
        world.host(host).tokens.expire_access("ada", now=world.simulator.world.now())
        break_next(world, host, shape)
        await sync(world, account)
        await told.press(f"/accounts/{account}/sync")
        await told.look(f"/accounts/{account}/disconnect")
        await told.look("/accounts")
        await told.press(f"/accounts/{account}/unlink")
        mend(world, host)
    texts = told.texts()
    assert len(told.heard) > 10 * len(SHAPES)
    assert found_in(texts, ["Linked accounts"])
    assert not found_in(texts, world.simulator.world.canaries)
    assert not found_in(texts, secrets_of(world, told))
    refused = await rows(world.services.database, "SELECT 1 FROM run WHERE state = 'failed'")
    assert refused, "nothing was broken"


@pytest.mark.parametrize("shape", SHAPES)
async def test_no_word_of_the_sign_in_provider_is_told(
    world: World, browser: Browser, shape: Shape
) -> None:
    told = Told(browser)
    break_next(world, "sso", shape)
    await told.back("/signin")
    mend(world, "sso")
    back = await browser.way_back(await browser.get("/signin"), "ada")
    break_next(world, "sso", shape)
    await told.back(back)
    mend(world, "sso")
    denied = await browser.way_back(await browser.get("/signin"), "ada", decision="deny")
    await told.back(denied)
    assert not found_in(told.texts(), world.simulator.world.canaries)
    assert not found_in(told.texts(), secrets_of(world, told))


async def test_who_says_no_at_a_host_is_told_nothing_of_what_the_host_says_about_it(
    world: World, browser: Browser
) -> None:
    told = Told(browser)
    await browser.sign_in("ada")
    for host in KINDS:
        departure = await told.press(f"/link/{host}")
        denied = await browser.way_back(departure, "ada", decision="deny")
        assert found_in(denied, world.simulator.world.canaries), "the host says something"
        await told.back(denied)
    assert not found_in(told.texts(), world.simulator.world.canaries)
