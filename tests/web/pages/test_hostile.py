"""
The pages under attack: every form, every address, every word that somebody else chose.

Routes are taken from the application itself, so that a new one is attacked too. This module
must not know how a wall is built.
"""

import re
from collections.abc import Iterator

import pytest
from starlette.routing import BaseRoute, Route

from permsync.flows.disable_user import disable_user
from permsync.flows.sync_account import sync_account
from permsync.model import Trigger
from permsync.web.application import create_application
from permsync.web.openapi import Application
from tests.asgi_client import Answer
from tests.flows.scenes import everything_stored, rows
from tests.web.visitors import Browser
from tests.world import World

HTML = {"accept": "text/html"}
MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def for_browsers(application: Application) -> Iterator[tuple[str, str]]:
    """Method and path of every route that is no program's and no file."""
    for route in _routes(application.routes):
        if not getattr(route, "include_in_schema", False) and "{digest}" not in route.path:
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield method, route.path


def _routes(found: list[BaseRoute]) -> Iterator[Route]:
    for one in found:
        inner = getattr(one, "routes", None) or getattr(
            getattr(one, "original_router", None), "routes", None
        )
        if isinstance(one, Route):
            yield one
        elif inner:
            yield from _routes(inner)


def filled(path: str, *, account: int) -> str:
    """The path with a host and this account in it."""
    return path.replace("{host}", "github").replace("{account}", str(account))


def forms(application: Application) -> list[str]:
    """The paths that take forms; the theme changes nothing but colours, hosts send no forms."""
    others = {"/theme", "/webhooks/{host}"}
    return [p for m, p in for_browsers(application) if m == "POST" and p not in others]


async def stored(world: World) -> str:
    return await everything_stored(world.services.database)


async def test_the_routes_under_attack_are_all_there_are(application: Application) -> None:
    assert set(forms(application)) >= {
        "/link/{host}",
        "/accounts/{account}/cancel",
        "/accounts/{account}/sync",
        "/accounts/{account}/unlink",
        "/signout",
    }


@pytest.mark.parametrize(
    "token",
    [None, "", "x", "0" * 43, MARKUP],
    ids=["none", "empty", "short", "of the right length", "markup"],
)
async def test_no_form_changes_anything_without_its_token(
    world: World, application: Application, browser: Browser, token: str | None
) -> None:
    await browser.sign_in("ada")
    await browser.link("ada", "github")
    account = int((await browser.get("/me")).json["accounts"][0]["id"])
    before = await stored(world)
    for path in forms(application):
        fields = {} if token is None else {"csrf": token}
        answer = await browser.post_form(filled(path, account=account), fields, **HTML)
        assert (answer.status, answer.media_type) == (403, "text/html"), path
    assert await stored(world) == before


async def test_no_form_is_read_as_anything_but_a_form(
    application: Application, browser: Browser
) -> None:
    await browser.sign_in("ada")
    token = await browser.csrf()
    for path in forms(application):
        target = filled(path, account=1)
        assert (await browser.post_json(target, {"csrf": token})).status == 415, path
        twice = f"csrf={token}&csrf={token}".encode()
        sent = {"content-type": "application/x-www-form-urlencoded"}
        assert (await browser.send("POST", target, [twice], headers=sent)).status == 400, path


async def test_nothing_is_changed_by_another_method(
    world: World, application: Application, browser: Browser
) -> None:
    await browser.sign_in("ada")
    await browser.link("ada", "github")
    account = int((await browser.get("/me")).json["accounts"][0]["id"])
    token = await browser.csrf()
    before = await stored(world)
    allowed: dict[str, set[str]] = {}
    for method, path in for_browsers(application):
        allowed.setdefault(path, set()).add(method)
    for path in forms(application):
        for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"):
            target = f"{filled(path, account=account)}?csrf={token}&_method=POST"
            headers = {"x-http-method-override": "POST", "x-csrf-token": token}
            answer = await browser.send(method, target, headers=headers)
            if method not in allowed[path]:
                assert answer.status == 405, (method, path)
    assert await stored(world) == before


async def test_an_account_of_somebody_else_is_at_no_address(
    world: World, application: Application, browser: Browser
) -> None:
    theirs = await world.link("grace", "github")
    await browser.sign_in("ada")
    token = await browser.csrf()
    before = await stored(world)
    about = [(m, p) for m, p in for_browsers(application) if "{account}" in p]
    assert len(about) > 2
    for method, path in about:
        told = []
        for account in (theirs.id, 10**17):
            body = f"csrf={token}".encode() if method == "POST" else b""
            headers = {**HTML, "content-type": "application/x-www-form-urlencoded"}
            target = filled(path, account=account)
            answer = await browser.send(method, target, [body], headers=headers)
            told.append((answer.status, answer.text.replace(target, "")))
        assert told[0] == told[1], path
        assert told[0][0] == 404, path
    assert await stored(world) == before
    assert "grace" not in (await browser.get("/")).text


async def test_a_link_begun_in_one_browser_is_finished_in_no_other(
    browser: Browser, other_browser: Browser
) -> None:
    """The attacker's way back, opened by the victim, must not link the attacker's account."""
    await browser.sign_in("ada")
    await other_browser.sign_in("grace")
    back = await browser.way_back(await browser.press("/link/github"), "ada")
    answer = await other_browser.get(back)
    assert answer.query["link_refused"] == "other_browser"
    assert not (await other_browser.get("/me")).json["accounts"]
    assert "another browser" in (await other_browser.get(answer.location)).text


async def test_a_callback_that_was_used_is_used_up(world: World, browser: Browser) -> None:
    await browser.sign_in("ada")
    back = await browser.way_back(await browser.press("/link/github"), "ada")
    assert "linked" in (await browser.get(back)).query
    before = await stored(world)
    for _ in range(2):
        assert (await browser.get(back)).query["link_refused"] == "state_unknown"
    assert await stored(world) == before


async def test_a_callback_is_read_once_even_with_its_parameters_twice(browser: Browser) -> None:
    await browser.sign_in("ada")
    back = await browser.way_back(await browser.press("/link/github"), "ada")
    path, _, query = back.partition("?")
    answer = await browser.get(f"{path}?{query}&{query}")
    assert "link_refused" in answer.query
    assert not (await browser.get("/me")).json["accounts"]


def all_html(answers: list[Answer]) -> str:
    return "\n".join(answer.text for answer in answers)


async def test_markup_in_the_names_of_others_is_text(world: World, browser: Browser) -> None:
    for name in ("sso", "gitlab"):
        person = world.host(name).add_person("mallory", full_name=MARKUP, email="m@example.com")
        person.login = MARKUP
    gitlab = world.host("gitlab")
    gitlab.add_namespace("evil")
    gitlab.add_repository(f"evil/{MARKUP}")
    gitlab.join("mallory", namespace="evil")
    await browser.sign_in("mallory")
    await browser.link("mallory", "gitlab")
    account = (await browser.get("/me")).json["accounts"][0]["id"]
    await sync_account(world.services, int(account), Trigger.PERSON)
    pages = [
        await browser.get(path)
        for path in ("/", "/accounts", f"/accounts/{account}/disconnect", f"/?q={MARKUP}")
    ]
    assert "&lt;script&gt;alert(1)" in pages[0].text
    assert "<script>alert" not in all_html(pages)
    assert "<img" not in all_html(pages)


async def test_a_page_is_framed_by_nobody_and_runs_nothing_inline(
    application: Application, browser: Browser
) -> None:
    await browser.sign_in("ada")
    await browser.link("ada", "github")
    account = int((await browser.get("/me")).json["accounts"][0]["id"])
    paths = [p for m, p in for_browsers(application) if m == "GET"]
    for path in [*(filled(one, account=account) for one in paths), "/nowhere"]:
        answer = await browser.get(path, **HTML)
        policy = answer.header("content-security-policy") or ""
        assert "frame-ancestors 'none'" in policy, path
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert answer.header("x-frame-options") == "DENY", path
        assert answer.header("cache-control") == "no-store", path
        if answer.media_type == "text/html":
            assert not re.search(r"<[^>]+\s(on\w+|style)\s*=", answer.text), path
            assert not re.search(r"<script(?![^>]*\ssrc=)|<style", answer.text), path
            assert not re.findall(r'(?:src|href|action)="(?!/|#)([^"]*)', answer.text), path


async def test_forms_lead_here_and_to_the_consent_pages_only(
    world: World, browser: Browser
) -> None:
    policy = (await browser.get("/")).header("content-security-policy") or ""
    (targets,) = re.findall(r"form-action ([^;]*)", policy)
    assert targets.split() == ["'self'", world.simulator.url]


async def test_over_https_a_planted_cookie_signs_nobody_in(world: World) -> None:
    """A neighbour under our domain can set plain names, never those with the prefix."""
    application = create_application(world.services, public_url="https://permsync.example")
    browser = Browser(application)
    browser.cookies["permsync-session"] = "planted"
    assert "See the code you may see" in (await browser.get("/")).text
    departure = await browser.get("/signin")
    name = next(iter(browser.cookies.keys() - {"permsync-session"}))
    assert name.startswith("__Host-")
    assert departure.cookie(name)["secure"]


async def test_a_person_who_is_disabled_loses_every_page_at_once(
    world: World, application: Application, browser: Browser
) -> None:
    await browser.sign_in("ada")
    await browser.link("ada", "github")
    account = int((await browser.get("/me")).json["accounts"][0]["id"])
    token = await browser.csrf()
    user = int((await browser.get("/me")).json["user"]["id"])
    await disable_user(world.services, user, disabled=True, actor="test")
    for method, path in for_browsers(application):
        if "{account}" in path:
            body = f"csrf={token}".encode() if method == "POST" else b""
            headers = {"content-type": "application/x-www-form-urlencoded"}
            target = filled(path, account=account)
            answer = await browser.send(method, target, [body], headers=headers)
            assert answer.status == 401, path
    assert "Sign in" in (await browser.get("/")).text
    left = await rows(world.services.database, "SELECT * FROM session")
    assert left == []
