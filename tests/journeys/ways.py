"""
Every way that a secret may go: a small world with its web side, and what is done there.

People, programs, operators and hostile hosts have their turn. What is decided here: all that
was answered and every secret of ours is noted. This module must not know what is searched.
"""

import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any, TypeVar

from permsync.errors import PermsyncError
from permsync.flows.authenticate_key import Scope, create_key
from permsync.flows.deps import Chance, Services
from permsync.flows.drain_webhooks import drain_webhooks
from permsync.flows.list_keys import list_keys
from permsync.flows.retire_key import retire_key
from permsync.flows.rotate_keys import rotate_keys
from permsync.flows.sync_account import sync_account
from permsync.model import Trigger
from permsync.simulator.faults import NextAnswer, Shape, Where
from permsync.store import queue, sealing_keys
from permsync.vault import Vault
from permsync.web.application import create_application
from permsync.web.openapi import Application
from permsync.worker.kinds import KINDS
from tests.asgi_client import Answer, AsgiClient
from tests.flows.scenes import column, rows
from tests.web.visitors import Browser
from tests.webhooks import gitlab
from tests.worker.scenes import until_empty, working
from tests.world import KINDS as HOSTS
from tests.world import PUBLIC_URL, World

OLD, NEW = b"k" * 32, secrets.token_bytes(32)  # OLD is the world's
SHAPES: tuple[Shape, ...] = (
    "html",
    "empty",
    "invalid_utf8",
    "redirect",
    "502",
    "200_error",
    "truncated",
    "rejection",
    "unauthorized",
    "rate_limited",
)
# Answers with these may be read by whoever asked: a cookie is the browser's own, and an
# address leads to the host that gets the state.
ADDRESSED = {"set-cookie", "location"}


@dataclass(slots=True, repr=False)
class Stage:
    """The world with its application; it notes every answer and every secret of ours."""

    world: World
    heard: list[str] = field(default_factory=list)
    ours: set[str | bytes] = field(default_factory=lambda: {OLD, NEW})
    application: Application = field(init=False)

    def __post_init__(self) -> None:
        chance = Chance(secret=self._secret, jitter=lambda: 0.0)
        short = replace(self.services.durations, refresh_wait=timedelta(seconds=1))
        services = replace(self.services, chance=chance, durations=short)
        self.world = replace(self.world, services=services)
        self.application = create_application(services, public_url=PUBLIC_URL)

    @property
    def services(self) -> Services:
        """The services under test."""
        return self.world.services

    def _secret(self) -> str:
        made = secrets.token_urlsafe(32)
        self.ours.add(made)
        return made

    def browser(self) -> Browser:
        """A browser whose answers are noted."""
        return listening(Browser(self.application), self.heard)

    async def program(self, *scopes: Scope) -> AsgiClient:
        """A program whose answers are noted."""
        key, _ = await create_key(self.services, name="p", scopes=scopes, lives_in=None)
        self.ours.add(key)
        return listening(AsgiClient(self.application, key=key), self.heard)


C = TypeVar("C", bound=AsgiClient)


def listening(client: C, heard: list[str]) -> C:
    """The same client; whatever it is answered is noted."""
    send = client.send

    async def send_and_note(*arguments: Any, **named: Any) -> Answer:
        answer: Answer = await send(*arguments, **named)
        heard.extend(value for name, value in answer.headers if name not in ADDRESSED)
        heard.append(answer.body.decode(errors="replace"))
        return answer

    client.send = send_and_note  # type: ignore[method-assign]  # whoever asks, it is noted
    return client


async def link_everywhere(stage: Stage) -> Browser:
    """Sign in and link every host, with mistakes on the way."""
    browser = stage.browser()
    await browser.get("/")
    await browser.sign_in("ada")
    for host in HOSTS:
        await browser.come_back(await browser.press(f"/link/{host}"), "ada", decision="deny")
        back = await browser.way_back(await browser.press(f"/link/{host}"), "ada")
        await browser.get(back.replace("state=", "state=x"))
        spoil(stage, host, "token", "200_error")
        await browser.get(back)
        await browser.get(back)  # used already
        await browser.link("ada", host)
        for page in ("/", "/me", f"/accounts/{await newest(stage)}/card"):
            await browser.get(page)
    return browser


async def newest(stage: Stage) -> int:
    """The id of the account that was linked last."""
    found = await column(stage.services.database, "SELECT max(id) FROM account")
    return int(found[0])


def spoil(stage: Stage, host: str, where: Where, shape: Shape, **more: Any) -> None:
    """Spoil the next answer of a host."""
    stage.world.host(host).faults.next_answers.append(NextAnswer(where, shape, **more))


async def ask_everything(stage: Stage) -> None:
    """What programs may ask, right and wrong."""
    program = await stage.program(Scope.ADMIN)
    for path in ("/v1/accounts", "/v1/users/1/repos", "/metrics", "/openapi.json", "/v1/nothing"):
        await program.get(path)
    for body in ({"user": "1"}, {"user": "x"}, {"account": "99"}, b"\xff{", {}):
        await program.post_json("/v1/refresh", body)
    repository = {"host": "gitlab", "full_name": "research/api-00"}
    await program.post_json(
        "/v1/check", {"subject": {"type": "user", "id": "1"}, "repo": repository}
    )
    stranger = listening(AsgiClient(stage.application, key=stage._secret()), stage.heard)
    await stranger.get("/v1/accounts")


async def meet_hostile_hosts(stage: Stage) -> None:
    """Refreshes and listings that are answered with nonsense, and with the secrets themselves."""
    for account in await rows(stage.services.database, "SELECT id, host FROM account ORDER BY id"):
        for where in ("token", "api"):
            for shape in SHAPES:
                await attempt(stage, account, where, shape)
            # But for the sample's client secret, which is words: what chance made is none.
            known = stage.world.host(account["host"]).tokens.every_secret()
            held = sorted(one for one in known if not one.startswith("sample-secret"))
            for secret in held[:6]:
                message = f"you sent {secret} and {stage.world.simulator.world.canary}"
                await attempt(stage, account, where, "status", message=message)


async def attempt(
    stage: Stage, account: dict[str, Any], where: Where, shape: Shape, **more: Any
) -> None:
    """One sync that meets one spoiled answer; its account is active before and expired."""
    await rows(
        stage.services.database,
        "UPDATE account SET state = 'active', reason = NULL, rejections = 0,"
        " refresh_try_at = NULL WHERE id = :id",
        id=account["id"],
    )
    if where == "token":
        await rows(
            stage.services.database,
            "UPDATE account SET access_expires_at = clock_timestamp(), issued_at ="
            " clock_timestamp() - interval '1 hour' WHERE id = :id",
            id=account["id"],
        )
    spoil(stage, account["host"], where, shape, **more)
    await sync_account(stage.services, account["id"], Trigger.PERSON)
    stage.world.host(account["host"]).faults.next_answers.clear()


async def break_our_own_things(stage: Stage) -> None:
    """Damaged values, a wrong key, and a database that refuses what it is told."""
    database, browser = stage.services.database, stage.browser()
    await browser.sign_in("linus")
    await browser.link("linus", "gitlab")
    account_id = await newest(stage)
    await sync_account(replace(stage.services, vault=Vault([NEW])), account_id, Trigger.PERSON)
    await rows(database, "ALTER TABLE account ADD CONSTRAINT never CHECK (false) NOT VALID")
    try:
        assert (await browser.link("linus", "github")).status == HTTPStatus.INTERNAL_SERVER_ERROR
        async with database.begin() as connection:
            await queue.enqueue_sync(connection, account_id=account_id, trigger=Trigger.PERSON)
        async with working(stage.services, KINDS):
            await until_empty(database)
    finally:
        await rows(database, "ALTER TABLE account DROP CONSTRAINT never")
    damage = "UPDATE account SET access_sealed = refresh_sealed WHERE id = :id"
    await rows(database, damage, id=account_id)
    await sync_account(stage.services, account_id, Trigger.PERSON)
    await browser.get("/")


async def be_told(stage: Stage) -> None:
    """Webhooks: right ones, wrong ones, and bodies that hold what nobody should keep."""
    right, wrong, inside = (stage._secret() for _ in range(3))
    one = replace(stage.services.hosts["gitlab"], webhook_secrets=(right,))
    services = replace(stage.services, hosts={**stage.services.hosts, "gitlab": one})
    application = create_application(services, public_url=PUBLIC_URL)
    host = listening(AsgiClient(application), stage.heard)
    account = await rows(services.database, "SELECT external_id FROM account WHERE host = 'gitlab'")
    about = {"user_id": int(account[0]["external_id"]), "project_id": 1, "note": inside}
    for token in (right, wrong):
        for event in ("user_remove_from_team", "push"):
            sent = gitlab(event, about, token=token)
            await host.send("POST", "/webhooks/gitlab", [sent.body], headers=sent.headers)
    await drain_webhooks(services)
    stage.heard.append(f"{services}")


async def rotate_and_leave(stage: Stage, browser: Browser) -> None:
    """A new key, and a person who leaves while a host is away."""
    vault = Vault([NEW, OLD])
    async with stage.services.database.begin() as connection:
        await sealing_keys.admit(connection, vault.key_ids, primary=vault.primary_key_id)
    services = replace(stage.services, vault=vault)
    done = await rotate_keys(services, note=lambda _count: None)
    stage.heard.append(f"{done} {await list_keys(services)} {services}")
    try:
        await retire_key(services, vault.key_ids[1])
    except PermsyncError as error:
        stage.heard.append(f"{error!r}")
    stage.world.host("gitlab").faults.outage = True
    for account in await column(stage.services.database, "SELECT id FROM account"):
        await browser.get(f"/accounts/{account}/disconnect")
        await browser.press(f"/accounts/{account}/unlink")
    await browser.press("/signout")


async def go_every_way(world: World) -> Stage:
    """Go each of them once."""
    stage = Stage(world)
    browser = await link_everywhere(stage)
    async with working(stage.services, KINDS):
        await until_empty(stage.services.database)
    await ask_everything(stage)
    await be_told(stage)
    await meet_hostile_hosts(stage)
    await break_our_own_things(stage)
    await browser.get("/")
    await rotate_and_leave(stage, browser)
    return stage
