"""
The page that says why a repository is missing: what it shows, and where its button leads.

This module must not know how a template is written.
"""

import re
from html import unescape
from urllib.parse import quote

import pytest

from permsync.flows.diagnose_missing import Diagnosed
from permsync.flows.sync_account import sync_account
from permsync.model import Trigger
from permsync.rules.diagnosis import Cause, Diagnosis, Remedy
from permsync.web import sentences
from permsync.web.pages.missing import found_of
from tests.flows.scenes import empty_queue, private_name
from tests.web.visitors import Browser
from tests.world import World

HTML = {"accept": "text/html"}


def asking(world: World, name: str, *, path: str = "/missing") -> str:
    """Where the form leads that was given the page of this repository."""
    address = f"{world.simulator.host_url('github')}/{name}"
    return f"{path}?repository={quote(address, safe='')}"


async def linked(browser: Browser) -> None:
    """Ada is signed in and has linked an account, of which nothing was read."""
    await browser.sign_in("ada")
    await browser.link("ada", "github")


async def read(world: World, browser: Browser) -> None:
    """All that waits is done."""
    account = (await browser.get("/me")).json["accounts"][0]
    await sync_account(world.services, int(account["id"]), Trigger.PERSON)
    await empty_queue(world.services.database)


async def test_the_question_comes_without_an_answer(browser: Browser) -> None:
    await browser.sign_in("ada")
    shown = await browser.get("/missing", **HTML)
    assert shown.status == 200
    assert 'name="repository"' in shown.text
    assert 'id="answer"' not in shown.text


async def test_a_stranger_is_asked_to_sign_in(browser: Browser) -> None:
    assert (await browser.get("/missing", **HTML)).status == 401


async def test_the_button_links_and_leads_back_to_the_question(
    world: World, browser: Browser
) -> None:
    await browser.sign_in("ada")
    question = asking(world, private_name(world, "github"))
    shown = (await browser.get(question, **HTML)).text.partition('id="answer"')[2]
    assert "You have not linked an account at GitHub." in shown
    assert 'action="/link/github"' in shown
    back = re.search(r'name="return_to" value="(/missing[^"]*)"', shown)
    assert back is not None
    assert unescape(back[1]) == question
    answer = await browser.link("ada", "github", return_to=unescape(back[1]))
    assert answer.location.startswith(question)


async def test_an_answer_is_awaited_while_an_account_is_read(
    world: World, browser: Browser
) -> None:
    await linked(browser)
    name = private_name(world, "github")
    assert "It is being looked at" in (await browser.get(asking(world, name), **HTML)).text
    again = asking(world, name, path="/missing/answer")
    assert (await browser.get(again)).status == 204
    await read(world, browser)
    shown = await browser.get(again)
    assert shown.text.startswith('<section id="answer"')
    assert "You see it" in shown.text
    assert "hx-get" not in shown.text


async def test_another_look_is_one_press(world: World, browser: Browser) -> None:
    await linked(browser)
    await read(world, browser)
    shown = (await browser.get(asking(world, "nobody/none"), **HTML)).text
    assert "Your account at GitHub was shown no repository of this name;" in shown
    action = re.search(r'action="(/accounts/\d+/sync)"', shown)
    assert action is not None
    pressed = await browser.press(action[1], return_to=asking(world, "nobody/none"))
    assert pressed.location.startswith(asking(world, "nobody/none"))


@pytest.mark.parametrize("address", ["<script>alert(1)</script>", '"><b>', "x" * 1_000])
async def test_what_was_pasted_is_shown_as_text(browser: Browser, address: str) -> None:
    await browser.sign_in("ada")
    shown = await browser.get(f"/missing?repository={quote(address)}", **HTML)
    assert shown.status == 200
    assert "<script>alert" not in shown.text
    assert '"><b>' not in shown.text
    assert sentences.CAUSE_TITLES[Cause.ELSEWHERE] in shown.text


async def test_a_text_that_is_no_address_by_its_length_is_refused(browser: Browser) -> None:
    await browser.sign_in("ada")
    assert (await browser.get(f"/missing?repository={'x' * 1_001}", **HTML)).status == 400


@pytest.mark.parametrize("cause", Cause)
async def test_every_cause_is_told_in_whole_sentences(world: World, cause: Cause) -> None:
    host = world.services.hosts["github"]
    diagnosed = Diagnosed(Diagnosis(cause, failure="unavailable"), host, "acme")
    shown = found_of(diagnosed, title="GitHub")
    assert shown.text.endswith(".")
    assert "{" not in shown.text + shown.title
    assert (shown.does, shown.action) == ("", "")


@pytest.mark.parametrize("remedy", Remedy)
async def test_every_remedy_is_a_button(world: World, remedy: Remedy) -> None:
    host = world.services.hosts["github"]
    shown = found_of(Diagnosed(Diagnosis(Cause.NOT_SHOWN, remedy, 7), host, "acme"), title="GitHub")
    assert shown.does
    assert shown.action in {"/link/github", "/accounts/7/sync"}
