"""
What a page costs the database: a number of statements that is known, whatever the rows.

Statements are counted where they leave for the driver. This module must not know what a
statement asks.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from permsync.flows.sync_account import sync_account
from permsync.model import Trigger
from permsync.simulator.samples import bulk_repositories
from tests.flows.scenes import rows
from tests.web.visitors import Browser
from tests.world import KINDS, World

HTML = {"accept": "text/html"}
OTHERS = 2_000
MANY = 500

OTHER_PEOPLE = (
    """INSERT INTO "user" (name) SELECT 'other' FROM generate_series(1, :others)""",
    """INSERT INTO account (id, user_id, host, external_id, login, state, link_id, token_version,
           redirect_uri, issued_at)
       SELECT nextval(pg_get_serial_sequence('account', 'id')), id, 'gitlab', 'other-' || id,
           name, 'active', gen_random_uuid(), 1, 'http://127.0.0.1/', now()
       FROM "user" WHERE name = 'other'""",
    """INSERT INTO run (account_id, trigger, state)
       SELECT id, 'schedule', 'succeeded' FROM account, generate_series(1, 5)""",
    """INSERT INTO audit_event (action, actor)
       SELECT 'signed_in', 'other' FROM generate_series(1, :others)""",
)

# Page -> statements; the first two are the session's and the person's own.
COSTS = {
    "/": 6,
    "/accounts": 6,
    "/accounts/{account}/disconnect": 7,
    "/me": 4,
}


@contextmanager
def counted(world: World) -> Iterator[list[str]]:
    """The statements that leave for the driver meanwhile."""
    statements: list[str] = []
    engine = world.services.database._engine.sync_engine

    def note(*sent: object) -> None:
        statements.append(str(sent[2]))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def costs(world: World, browser: Browser, account: str) -> dict[str, int]:
    """How many statements each page takes."""
    found = {}
    for path in COSTS:
        with counted(world) as statements:
            answer = await browser.get(path.replace("{account}", account), **HTML)
        assert answer.status == 200, path
        found[path] = len(statements)
    return found


async def test_no_page_takes_more_statements_where_there_are_more_rows(
    world: World, browser: Browser
) -> None:
    await browser.sign_in("ada")
    await browser.link("ada", "gitlab")
    account = (await browser.get("/me")).json["accounts"][0]["id"]
    assert await costs(world, browser, account) == COSTS

    for host in KINDS:
        bulk_repositories(world.simulator.world, host, MANY, person="ada", owner="BULK")
        if host != "gitlab":
            await browser.link("ada", host)
    for one in (await browser.get("/me")).json["accounts"]:
        await sync_account(world.services, int(one["id"]), Trigger.PERSON)
    for statement in OTHER_PEOPLE:
        values = {"others": OTHERS} if ":others" in statement else {}
        await rows(world.services.database, statement, **values)
    assert await costs(world, browser, account) == COSTS


async def test_a_stranger_costs_the_database_nothing(world: World, browser: Browser) -> None:
    with counted(world) as statements:
        assert (await browser.get("/")).status == 200
        assert (await browser.get("/nowhere", **HTML)).status == 404
        assert (await browser.get("/accounts", **HTML)).status == 401
    assert statements == []
