"""Odd but usable answers, refusals that are about no account, and callers who do not wait."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl, urlencode

from tests.chaos.faults import Fault
from tests.chaos.host_proxy import Exchange, Script
from tests.chaos.scene import Scene
from tests.chaos.wire_faults import delay_answer

LONG = 10_000
OUTAGE_SECONDS = 2.0
REMOVED = object()


def changed_answer(name: str, value: object) -> Script:
    """A field of the host's answer is another one, or is gone."""

    async def script(exchange: Exchange) -> None:
        await exchange.forward()
        said = await exchange.answer()
        try:
            fields = json.loads(said.body)
        except ValueError:
            fields = dict(parse_qsl(said.body.decode()))
            body = urlencode(_with(fields, name, value)).encode()
        else:
            body = json.dumps(_with(fields, name, value)).encode()
        await exchange.deliver(said.with_body(body))

    return script


def _with(fields: dict[str, object], name: str, value: object) -> dict[str, object]:
    kept = {key: each for key, each in fields.items() if key != name}
    return kept if value is REMOVED else {**kept, name: value}


def answered_with(script: Script) -> Callable[[Scene], Awaitable[None]]:
    """The next refresh is answered so."""

    async def act(scene: Scene) -> None:
        scene.on_token(script)
        await scene.ask(scene.rescuer)
        await scene.until_fired()

    return act


def spoiled(**spoiling: object) -> Callable[[Scene], Awaitable[None]]:
    """The host itself answers oddly for a while."""

    async def act(scene: Scene) -> None:
        await scene.place.control("spoil-tokens", **spoiling)
        scene.on_token(lambda exchange: exchange.pass_on())
        await scene.ask(scene.rescuer)
        await scene.until_fired()
        await scene.place.control("clear-faults")

    return act


async def refuse_fresh_token(scene: Scene) -> None:
    """The host's API does not know the newest access token for a moment (coder#8956)."""
    await scene.ask(scene.rescuer)
    await scene.place.control("next-answers", where="api", shape="unauthorized", times=1)
    await scene.rescuer.say("sync", account=scene.account)
    await scene.place.control("clear-faults")


async def refuse_client(scene: Scene) -> None:
    """The operator's client secret is wrong for a while: nobody's account is to blame."""
    await scene.place.control("next-answers", where="token", shape="invalid_client", times=10_000)
    before = len(scene.place.host_proxy.presentations)
    for _ in range(int(OUTAGE_SECONDS / 0.1)):
        await scene.ask(scene.rescuer)
        await asyncio.sleep(0.1)
    row = await scene.row()
    await scene.place.control("clear-faults")
    if row["state"] != "active":
        scene.broken.append(f"an account became {row['state']} for a wrong client secret")
    if len(scene.place.host_proxy.presentations) == before:
        scene.broken.append("nothing was presented: the cell proves nothing")


async def revoke_at_host(scene: Scene) -> None:
    """The person ends the authorization at the host: the one death that is none of ours."""
    await scene.place.control("revoke-tokens", person=scene.person)
    await scene.settle()
    row = await scene.row()
    if (row["state"], row["reason"]) != ("needs_reauth", "revoked_or_expired"):
        scene.broken.append(f"a revoked account is {row['state']}, {row['reason']}")


async def cancel_callers(scene: Scene) -> None:
    """Everybody who asked gives up while the host still works; the refresh goes on."""
    scene.on_token(delay_answer)
    asked = scene.ask(scene.rescuer, times=5)
    await scene.until_fired()
    await scene.rescuer.say("cancel")
    await asked


FAULTS = (
    Fault("no expires_in", answered_with(changed_answer("expires_in", REMOVED))),
    Fault("expires_in is a word", answered_with(changed_answer("expires_in", "soon"))),
    Fault("expires_in is negative", answered_with(changed_answer("expires_in", -5))),
    Fault("expires_in is text", answered_with(changed_answer("expires_in", "3600"))),
    Fault("no refresh_token", spoiled(omit_refresh_token=True)),
    Fault("10 kB tokens", spoiled(padding=LONG)),
    Fault("401 on a fresh token", refuse_fresh_token),
    Fault("invalid_client", refuse_client, most_posts=30),
    Fault("cancelled callers", cancel_callers),
    Fault("revoked at the host", revoke_at_host, most_posts=4, ended=True),
)
