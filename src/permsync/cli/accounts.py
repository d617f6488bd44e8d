"""
``permsync accounts``: linked accounts, how they are, and what ails them.

This module must not know a token.
"""

from typing import Annotated

import typer

from permsync.cli.running import (
    AsJson,
    SettingsFile,
    print_json,
    print_table,
    run_with_services,
)
from permsync.flows.deps import Services
from permsync.flows.list_accounts import Standing, list_accounts
from permsync.web.sentences import ACCOUNT_REASONS, STATES

COLUMNS = ("id", "user", "host", "login", "state", "meaning", "listed_at", "last_run")


def accounts(
    host: Annotated[str | None, typer.Option(help="Only accounts at this host.")] = None,
    user: Annotated[int | None, typer.Option(help="Only accounts of this user.")] = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """List linked accounts with their state and their last run."""

    async def every(services: Services) -> list[Standing]:
        found: list[Standing] = []
        after: int | None = 0
        while after is not None:
            page = await list_accounts(services, user_id=user, host=host, after=after)
            found += page.items
            after = page.next_after
        return found

    rows = [_row(view) for view in run_with_services(settings, every)]
    if as_json:
        print_json(rows)
    else:
        print_table(COLUMNS, rows)


def _row(view: Standing) -> dict[str, object]:
    account, run = view.account, view.last_run
    return {
        "id": account.id,
        "user": account.user_id,
        "host": account.host,
        "login": account.login,
        "state": account.state.value,
        "meaning": ACCOUNT_REASONS[account.reason] if account.reason else STATES[account.state],
        "listed_at": account.listed_at,
        "last_run": f"{run.state} +{run.added} -{run.removed} ={run.total}" if run else None,
    }
