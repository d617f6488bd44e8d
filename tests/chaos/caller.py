"""
A process of permsync under test that does what it is told: ask for tokens, link, unlink.

It opens the services of a settings file as every command of the product does, and calls the
product's own flows. Many are needed and some are killed, so they are forked from one parent
that has imported everything. What it says goes back over a socket as JSON lines. This
module must not know a fault; ``tests.chaos.processes`` is the other end.
"""

import asyncio
import hashlib
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop
from sqlalchemy import text

from permsync import config
from permsync.app import open_services
from permsync.codehost import TokenGrant
from permsync.errors import PermsyncError
from permsync.flows.deps import Services
from permsync.flows.fresh_token import FreshToken, fresh_token
from permsync.flows.link_account import finish_link, start_link
from permsync.flows.rotate_keys import rotate_keys
from permsync.flows.seal_tokens import seal
from permsync.flows.sync_account import sync_account
from permsync.flows.unlink_account import unlink_account
from permsync.model import Trigger
from permsync.simulator.browser import consent
from permsync.store import accounts, queue, users
from permsync.store.engine import database_now
from permsync.telemetry import configure_logging
from tests.chaos import naive

LIFETIME = timedelta(hours=1)
LONGEST_LINE = 1 << 26
BROWSER = "the secret of one browser"
Order = dict[str, Any]
ASKING: set[asyncio.Task[FreshToken]] = set()


async def ask(services: Services, order: Order) -> Order:
    """Ask ``times`` at once for an account's token; what each was given."""
    asked = [_ask_once(services, order) for _ in range(order.get("times", 1))]
    return {"given": await asyncio.gather(*asked)}


async def _ask_once(services: Services, order: Order) -> Order:
    asking = asyncio.create_task(fresh_token(services, order["account"]))
    ASKING.add(asking)
    try:
        token = await asking
    except PermsyncError as error:
        return {"error": error.code, "reason": getattr(error, "reason", None)}
    except asyncio.CancelledError:
        return {"error": "cancelled", "reason": None}
    finally:
        ASKING.discard(asking)
    digest = hashlib.sha256(token.access_token.encode()).hexdigest()
    return {"token": digest, "version": token.version}


async def cancel(_services: Services, _order: Order) -> Order:
    """Whoever waits for a token here gives up."""
    return {"cancelled": sum(asking.cancel() for asking in ASKING)}


async def link(services: Services, order: Order) -> Order:
    """Link a person's account at a host through its consent page; also a second time."""
    async with services.database.begin() as connection:
        user, _ = await users.save_signed_in(
            connection, issuer="chaos", subject=order["person"], name=order["person"], email=None
        )
    url = await start_link(
        services, host_name=order["host"], user=user, browser=BROWSER, return_to="/"
    )
    back = await asyncio.to_thread(consent, url, person=order["person"])
    linked = await finish_link(
        services,
        host_name=order["host"],
        query=urlsplit(back).query,
        user=user,
        browser=BROWSER,
    )
    return {"account": linked.account.id, "user": user.id}


async def unlink(services: Services, order: Order) -> Order:
    """Unlink an account of a user."""
    told = await unlink_account(
        services, order["account"], user_id=order["user"], actor=f"user:{order['user']}"
    )
    return {"revoked": bool(told)}


async def sync(services: Services, order: Order) -> Order:
    """List an account's repositories, with a token of today."""
    ended = await sync_account(services, order["account"], Trigger.PERSON)
    return {"ended": None if ended is None else ended.value}


async def hold(services: Services, order: Order) -> Order:
    """Hold accounts of many people, as if each had linked just now; none is to be listed."""
    held = []
    name = order["host"]
    async with services.database.begin() as connection:
        user, _ = await users.save_signed_in(
            connection, issuer="chaos", subject=name, name=name, email=None
        )
        now = await database_now(connection)
        for pair in order["pairs"]:
            account_id, link_id = await accounts.next_id(connection), accounts.new_link_id()
            granted = TokenGrant(
                pair["access"], pair["refresh"], expires_in=LIFETIME, refresh_expires_in=None
            )
            tokens = seal(
                services.vault,
                granted,
                account_id=account_id,
                link_id=link_id,
                version=1,
                asked_at=now,
            )
            await accounts.save_new(
                connection,
                account_id=account_id,
                user_id=user.id,
                host=name,
                external_id=pair["person"],
                login=pair["person"],
                restricted=False,
                redirect_uri=services.host(name).redirect_uri,
                link_id=link_id,
                tokens=tokens,
            )
            held.append(account_id)
        unlisted = text("UPDATE account SET sync_due_at = NULL WHERE id = any(:held)")
        await connection.execute(unlisted, {"held": held})
    return {"accounts": held}


async def nudge(services: Services, order: Order) -> Order:
    """Queue a refresh of each of these accounts, for whichever worker is free."""
    async with services.database.begin() as connection:
        for account in order["accounts"]:
            await queue.enqueue_refresh(connection, account_id=account)
    return {}


async def rotate(services: Services, _: Order) -> Order:
    """Seal everything anew with the first key of this process."""
    rotation = await rotate_keys(services, note=lambda _: None)
    return {"left": rotation.left, "unopened": len(rotation.unopened)}


async def ask_naively(services: Services, order: Order) -> Order:
    """Ask as the deliberately broken client does."""
    return {"given": [await naive.ask(services, order["account"])]}


ORDERS: dict[str, Callable[[Services, Order], Awaitable[Order]]] = {
    "ask": ask,
    "ask_naively": ask_naively,
    "cancel": cancel,
    "hold": hold,
    "link": link,
    "nudge": nudge,
    "rotate": rotate,
    "sync": sync,
    "unlink": unlink,
}


async def obey(settings: Path, place: Path, number: int) -> None:
    """The life of one process: say its number, then do each order beside the others."""
    reader, writer = await asyncio.open_unix_connection(place, limit=LONGEST_LINE)

    def say(**said: object) -> None:
        writer.write(json.dumps(said).encode() + b"\n")

    async def follow(services: Services, order: Order) -> None:
        try:
            say(id=order["id"], **await ORDERS[order["do"]](services, order))
        except Exception as error:  # noqa: BLE001 - the other end shows it
            reason = getattr(error, "reason", None)
            say(id=order["id"], error=f"{type(error).__name__}: {error}", reason=reason)

    read = config.from_process(settings)
    try:
        async with open_services(read) as services, asyncio.TaskGroup() as tasks:
            say(id=0, number=number, pid=os.getpid())
            while line := await reader.readline():
                tasks.create_task(follow(services, json.loads(line)))
    except PermsyncError as error:
        say(id=0, number=number, pid=os.getpid(), error=error.code)
    finally:
        writer.close()
        await writer.wait_closed()


def main() -> None:
    """Fork one process for every line on standard input: its settings, socket and number."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    configure_logging(log_format="json", level="WARNING")
    for line in sys.stdin:
        order = json.loads(line)
        if os.fork() == 0:
            sys.stdin.close()
            log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                work = obey(Path(order["settings"]), Path(order["place"]), order["number"])
                runner.run(work)
            os._exit(0)


if __name__ == "__main__":
    main()
