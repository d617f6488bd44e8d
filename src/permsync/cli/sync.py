"""
``permsync sync``: runs syncs now, in this process, with a bar for each; or cancels them.

It claims runs like any worker, so it may run beside them. This module must not know how a
listing is applied.
"""

import asyncio
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from permsync.cli.exits import FAILED
from permsync.cli.running import (
    AsJson,
    SettingsFile,
    print_json,
    print_table,
    progress_console,
    run_with_services,
)
from permsync.errors import UnknownError
from permsync.flows.cancel_sync import cancel_sync
from permsync.flows.deps import Services
from permsync.flows.list_accounts import Standing, list_accounts
from permsync.flows.sync_account import sync_account
from permsync.model import LIVING, Account, RunState, Trigger

ACTOR = "operator"
CANCELLED = ("account", "host", "login", "waited", "run")
COLUMNS = ("account", "host", "login", "state", "added", "removed", "total", "failure")


def sync(
    accounts: Annotated[
        list[int] | None, typer.Argument(help="Account ids; none means every living account.")
    ] = None,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Cancel the syncs that wait or run instead.")
    ] = False,
    at_once: Annotated[int, typer.Option(min=1, max=64, help="Runs side by side.")] = 4,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Sync accounts now; exit code 1 if a run did not succeed. Or cancel their syncs."""
    wanted = frozenset(accounts or ())
    if cancel:
        _tell(run_with_services(settings, lambda one: _cancel(one, wanted)), as_json=as_json)
        return
    ended = run_with_services(settings, lambda services: _sync(services, wanted, at_once=at_once))
    rows = [_row(view, state) for view, state in ended]
    if as_json:
        print_json(rows)
    else:
        print_table(COLUMNS, rows)
    if any(state is not RunState.SUCCEEDED for _, state in ended):
        raise typer.Exit(FAILED)


async def _cancel(services: Services, wanted: frozenset[int]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for account in await _chosen(services, wanted):
        ended = await cancel_sync(services, account.id, actor=ACTOR)
        row = {"account": account.id, "host": account.host, "login": account.login}
        rows.append({**row, "waited": ended.waited, "run": ended.run.id if ended.run else None})
    return rows


def _tell(rows: list[dict[str, object]], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
    else:
        print_table(CANCELLED, rows)


async def _chosen(services: Services, wanted: frozenset[int]) -> list[Account]:
    """Those that were named, or all that live; raises ``UnknownError`` for one that is not."""
    every = [view.account for view in await _all(services)]
    if unknown := sorted(wanted - {account.id for account in every}):
        raise UnknownError(what="account", name=str(unknown[0]))
    return [
        account
        for account in every
        if account.id in wanted or (not wanted and account.state in LIVING)
    ]


async def _sync(
    services: Services, wanted: frozenset[int], *, at_once: int
) -> list[tuple[Standing, RunState | None]]:
    chosen = await _chosen(services, wanted)
    states: dict[int, RunState | None] = {}
    room = asyncio.Semaphore(at_once)
    with _progress() as progress:
        bar = progress.add_task("syncing", total=len(chosen))

        async def one(account_id: int) -> None:
            async with room:
                states[account_id] = await sync_account(
                    services, account_id, Trigger.PERSON, actor=ACTOR
                )
                progress.advance(bar)

        async with asyncio.TaskGroup() as tasks:
            for account in chosen:
                tasks.create_task(one(account.id))
    now = {view.account.id: view for view in await _all(services)}
    return [(now[account_id], state) for account_id, state in sorted(states.items())]


async def _all(services: Services) -> list[Standing]:
    """Every account, page after page."""
    found: list[Standing] = []
    after: int | None = 0
    while after is not None:
        page = await list_accounts(services, after=after)
        found += page.items
        after = page.next_after
    return found


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=progress_console,
    )


def _row(view: Standing, state: RunState | None) -> dict[str, object]:
    run = view.last_run
    return {
        "account": view.account.id,
        "host": view.account.host,
        "login": view.account.login,
        "state": state.value if state else view.account.state.value,
        "added": run.added if run else None,
        "removed": run.removed if run else None,
        "total": run.total if run else None,
        "failure": run.failure if run else None,
    }
