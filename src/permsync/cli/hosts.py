"""
``permsync hosts``: the code hosts of the settings, the kinds there are, and a look at one.

This module must not know what is asked of a host, nor print what one answers.
"""

from typing import Annotated

import typer

from permsync.cli.exits import FAILED
from permsync.cli.running import (
    AsJson,
    SettingsFile,
    console,
    print_json,
    print_table,
    run_with_services,
)
from permsync.flows.check_host import check_host
from permsync.flows.deps import Services
from permsync.hosts import built_in, registry
from permsync.rules.host_check import Finding, Found

COLUMNS = ("host", "kind", "title", "api_url", "webhooks", "connections")
KINDS = ("kind", "title", "from")
Name = Annotated[str, typer.Argument(help="The host's name in the settings.")]
app = typer.Typer(no_args_is_help=True, help="Code hosts: list, kinds, check.")


@app.command("list")
def list_(settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """List the hosts of the settings."""

    async def rows_of(services: Services) -> list[dict[str, object]]:
        return _rows(services)

    rows = run_with_services(settings, rows_of)
    if as_json:
        print_json(rows)
    else:
        print_table(COLUMNS, rows)


def _rows(services: Services) -> list[dict[str, object]]:
    return [
        {
            "host": name,
            "kind": one.host.kind,
            "title": one.host.title,
            "api_url": one.host.api_url,
            "webhooks": bool(one.webhook_secrets),
            "connections": sum(1 for each in services.connections if each.host == name),
        }
        for name, one in services.hosts.items()
    ]


@app.command()
def kinds(as_json: AsJson = False) -> None:
    """List the kinds of code hosts that settings may name, those of other packages included."""
    rows = [
        {
            "kind": kind,
            "title": host.title,
            "from": "permsync" if kind in built_in() else host.__module__,
        }
        for kind, host in registry().items()
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(KINDS, rows)


@app.command()
def check(
    host: Name,
    spend_account: Annotated[
        int | None,
        typer.Option(help="Refresh this linked account once, to see whether its token rotates."),
    ] = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """
    Ask a live host what tells whether its settings are right; exit code 1 if one is wrong.

    Nothing is spent by it, unless an account is named for that.
    """
    found = run_with_services(
        settings, lambda services: check_host(services, host, spend_account=spend_account)
    )
    if as_json:
        print_json([_told(one) for one in found])
    else:
        for one in found:
            console.print(_line(one), soft_wrap=True)
    if any(one.found is Found.WRONG for one in found):
        raise typer.Exit(FAILED)


def _told(one: Finding) -> dict[str, object]:
    return {
        "check": one.check.value,
        "about": one.about or None,
        "found": one.found.value,
        "what": one.what,
        "cure": one.cure or None,
    }


def _line(one: Finding) -> str:
    named = f"{one.check} {one.about}".strip()
    cure = f"; {one.cure}" if one.cure else ""
    return f"{one.found:<8} {named}: {one.what}{cure}"
