"""
``permsync accounts``: linked accounts, how they are, and what became of one.

This module must not know a token.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from permsync.cli.running import (
    AsJson,
    SettingsFile,
    console,
    print_json,
    print_table,
    run_with_services,
)
from permsync.flows.deps import Services
from permsync.flows.list_accounts import Standing, list_accounts
from permsync.flows.show_history import show_history
from permsync.model import Run, RunState
from permsync.web.history_facts import HistoryFacts, history_facts
from permsync.web.sentences import account_text

COLUMNS = (
    "id",
    "user",
    "host",
    "login",
    "state",
    "since",
    "next_try_at",
    "meaning",
    "listed_at",
    "last_run",
)
ATTEMPTS = ("started_at", "token_version", "outcome", "text", "ended_at")
RUNS = ("started_at", "trigger", "state", "added", "removed", "total", "failure")
REVOCATIONS = ("since", "outcome", "text", "tries", "next_try_at")

Number = Annotated[int, typer.Argument(help="The id of the account, as the list shows it.")]
app = typer.Typer()


@app.callback(invoke_without_command=True)
def accounts(
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="Only accounts at this host.")] = None,
    user: Annotated[int | None, typer.Option(help="Only accounts of this user.")] = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """List linked accounts with their state, since when, and the next try."""
    if context.invoked_subcommand is not None:
        return

    async def every(services: Services) -> list[Standing]:
        found: list[Standing] = []
        after: int | None = 0
        while after is not None:
            page = await list_accounts(services, user_id=user, host=host, after=after)
            found += page.items
            after = page.next_after
        if host is not None and not found:
            services.host(host)  # one that left the settings may still have accounts
        return found

    rows = [_row(view) for view in run_with_services(settings, every)]
    if as_json:
        print_json(rows)
    else:
        print_table(COLUMNS, rows)


@app.command()
def show(account: Number, settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """Show one account: its state, and its last refreshes, syncs and revocations."""
    history = run_with_services(settings, lambda services: show_history(services, account))
    facts = history_facts(history)
    if as_json:
        print_json(facts.model_dump(mode="json"))
    else:
        _tell(facts)


def _tell(facts: HistoryFacts) -> None:
    account = facts.account
    disabled = "; this person is disabled" if facts.user_disabled else ""
    console.print(f"{account.login} at {account.host}, account {account.id} of user {account.user}")
    console.print(
        f"{account.state.value} since {_instant(account.since)}: {account.text}{disabled}"
    )
    if account.left_out_text is not None:
        console.print(account.left_out_text)
    if facts.next_try_at is not None:
        console.print(f"next try at {_instant(facts.next_try_at)}")
    told = facts.model_dump()
    for title, columns in (("attempts", ATTEMPTS), ("runs", RUNS), ("revocations", REVOCATIONS)):
        _print_part(title, columns, told[title])


def _print_part(title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    console.print(f"\n{title}" if rows else f"\n{title}: none")
    if rows:
        shown = [{name: _instant(row[name]) for name in columns} for row in rows]
        print_table(columns, shown)


def _instant(value: object) -> object:
    """Instants to the second; everything else as it is."""
    return value.isoformat(sep=" ", timespec="seconds") if isinstance(value, datetime) else value


def _outcome(run: Run) -> str:
    """What it changed; a run that read nothing has no figures, but a reason."""
    if run.state in {RunState.SUCCEEDED, RunState.PARTIAL}:
        return f"{run.state} +{run.added} -{run.removed} ={run.total}"
    return run.state.value if run.failure is None else f"{run.state}: {run.failure}"


def _row(view: Standing) -> dict[str, object]:
    account, run = view.account, view.last_run
    return {
        "id": account.id,
        "user": account.user_id,
        "host": account.host,
        "login": account.login,
        "state": account.state.value,
        "since": account.state_since,
        "next_try_at": view.next_try_at,
        "meaning": account_text(account.state, view.reason),
        "listed_at": account.listed_at,
        "last_run": _outcome(run) if run else None,
    }
