"""
``permsync service-keys``: the keys that programs call the API with.

A key is printed once, at its creation, and never again. This module must not know a hash.
"""

from collections.abc import Sequence
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
from permsync.errors import MalformedError, UnknownError
from permsync.flows.authenticate_key import Scope, create_key, list_keys, revoke_key
from permsync.rules.lending import EVERY, LendingRight

COLUMNS = ("name", "scopes", "lends", "created_at", "expires_at", "revoked_at")
Name = Annotated[str, typer.Argument(help="What the key is called.")]
app = typer.Typer(no_args_is_help=True, help="Service keys: create, list, revoke.")


@app.command()
def create(
    name: Name,
    *,
    scope: Annotated[list[Scope], typer.Option(help="What it may do; repeat for several.")],
    days: Annotated[int | None, typer.Option(min=1, help="End it after so many days.")] = None,
    lend_host: Annotated[
        list[str] | None, typer.Option(help="A host to lend tokens of; repeat for several.")
    ] = None,
    lend_user: Annotated[
        list[int] | None, typer.Option(help="A person to lend tokens of; repeat for several.")
    ] = None,
    lend_all_hosts: Annotated[
        bool, typer.Option("--lend-all-hosts", help="Lend tokens of every host.")
    ] = False,
    lend_all_people: Annotated[
        bool, typer.Option("--lend-all-people", help="Lend tokens of everybody.")
    ] = False,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it; it cannot be read again."""
    lives_in = timedelta(days=days) if days is not None else None
    lends = LendingRight(
        hosts=_named(lend_host, every=lend_all_hosts, option="--lend-host"),
        users=_named(lend_user, every=lend_all_people, option="--lend-user"),
    )
    secret, key = run_with_services(
        settings,
        lambda services: create_key(
            services, name=name, scopes=scope, lives_in=lives_in, lends=lends
        ),
    )
    if as_json:
        shown = {"name": key.name, "scopes": sorted(key.scopes), "lends": _shown(key.lends)}
        print_json({"key": secret, **shown})
    else:
        console.print(secret)


@app.command("list")
def list_(settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """List the keys, without the keys themselves."""
    rows = [
        {
            **{name: getattr(key, name) for name in COLUMNS},
            "scopes": " ".join(sorted(key.scopes)),
            "lends": _told(key.lends),
        }
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


def _named(names: Sequence[object] | None, *, every: bool, option: str) -> frozenset[str]:
    if names and every:
        raise MalformedError(field=option, expected="some by name, or all; not both")
    return frozenset({EVERY}) if every else frozenset(str(name) for name in names or ())


def _shown(lends: LendingRight) -> dict[str, list[str]]:
    return {"hosts": sorted(lends.hosts), "people": sorted(lends.users)}


def _told(lends: LendingRight) -> str | None:
    if not lends.hosts:
        return None
    hosts = "all hosts" if EVERY in lends.hosts else ", ".join(sorted(lends.hosts))
    people = "everybody" if EVERY in lends.users else f"people {', '.join(sorted(lends.users))}"
    return f"{hosts}; {people}"
