"""
``permsync service-keys``: the keys that programs call the API with.

A key is printed once, at its creation, and never again. This module must not know a hash.
"""

from datetime import timedelta
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
from permsync.errors import UnknownError
from permsync.flows.authenticate_key import Scope, create_key, list_keys, revoke_key

COLUMNS = ("name", "scopes", "created_at", "expires_at", "revoked_at")
Name = Annotated[str, typer.Argument(help="What the key is called.")]
app = typer.Typer(no_args_is_help=True, help="Service keys: create, list, revoke.")


@app.command()
def create(
    name: Name,
    scope: Annotated[list[Scope], typer.Option(help="What it may do; repeat for several.")],
    days: Annotated[int | None, typer.Option(min=1, help="End it after so many days.")] = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it; it cannot be read again."""
    lives_in = timedelta(days=days) if days is not None else None
    secret, key = run_with_services(
        settings, lambda services: create_key(services, name=name, scopes=scope, lives_in=lives_in)
    )
    if as_json:
        print_json({"key": secret, "name": key.name, "scopes": sorted(key.scopes)})
    else:
        console.print(secret)


@app.command("list")
def list_(settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """List the keys, without the keys themselves."""
    rows = [
        {**{name: getattr(key, name) for name in COLUMNS}, "scopes": " ".join(sorted(key.scopes))}
        for key in run_with_services(settings, list_keys)
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(COLUMNS, rows)


@app.command()
def revoke(name: Name, settings: SettingsFile = None) -> None:
    """End a key at once."""
    if not run_with_services(settings, lambda services: revoke_key(services, name=name)):
        raise UnknownError(what="service key", name=name)
    console.print(f"revoked {name}")
