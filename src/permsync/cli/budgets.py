"""
``permsync budgets``: what may still be asked at the hosts, the scarcest first.

This module must not know how a budget is learned.
"""

from typing import Annotated

import typer

from permsync.cli.running import AsJson, SettingsFile, print_json, print_table, run_with_services
from permsync.flows.list_budgets import BudgetNow, list_budgets

COLUMNS = ("host", "credential", "remaining", "limit", "reserved", "resets_at", "refused_until")


def budgets(
    host: Annotated[str | None, typer.Option(help="Only those of this host.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many.")] = 100,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """List what each credential may still ask at its host, the scarcest first."""
    found = run_with_services(
        settings, lambda services: list_budgets(services, host=host, limit=limit)
    )
    rows = [_row(one) for one in found]
    if as_json:
        print_json(rows)
    else:
        print_table(COLUMNS, rows)


def _row(one: BudgetNow) -> dict[str, object]:
    budget = one.budget
    return {
        "host": one.host,
        "credential": one.credential,
        "remaining": budget.limit if one.is_over else budget.remaining,
        "limit": budget.limit,
        "reserved": one.reserved,
        "resets_at": budget.resets_at,
        "refused_until": budget.limited_until if one.is_refused else None,
    }
