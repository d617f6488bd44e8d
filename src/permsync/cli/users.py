"""
``permsync users``: who is known, and switching a person off and on.

This module must not decide what a disabled person loses.
"""

from typing import Annotated

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
from permsync.flows.disable_user import disable_user
from permsync.flows.list_users import list_users
from permsync.model import User

COLUMNS = ("id", "name", "email", "disabled_at")
Number = Annotated[int, typer.Argument(help="The id of the user, as the list shows it.")]
app = typer.Typer(no_args_is_help=True, help="People: list, disable, enable.")


@app.command("list")
def list_(settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """List everybody who has signed in."""
    rows = [
        {name: getattr(user, name) for name in COLUMNS}
        for user in run_with_services(settings, _all)
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(COLUMNS, rows)


@app.command()
def disable(user: Number, settings: SettingsFile = None) -> None:
    """Deny this person everything at once, end their sessions, stop their refreshes."""
    _switch(user, settings, disabled=True)


@app.command()
def enable(user: Number, settings: SettingsFile = None) -> None:
    """Let this person in again."""
    _switch(user, settings, disabled=False)


def _switch(user_id: int, settings: SettingsFile, *, disabled: bool) -> None:
    async def switch(services: Services) -> User:
        return await disable_user(services, user_id, disabled=disabled, actor="operator")

    user = run_with_services(settings, switch)
    console.print(f"user {user.id} is {'disabled' if disabled else 'enabled'}")


async def _all(services: Services) -> list[User]:
    found: list[User] = []
    after: int | None = 0
    while after is not None:
        page = await list_users(services, after=after)
        found += page.items
        after = page.next_after
    return found
