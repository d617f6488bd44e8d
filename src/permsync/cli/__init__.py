"""
The command line: one file per command, and one way in and out.

What is decided here: which commands there are, and what a program sees when one ends: the
exit codes of ``cli.exits``. This module must not know what a command does.
"""

import sys

import typer

from permsync.cli import (
    accounts,
    budgets,
    check,
    demo,
    hosts,
    init,
    keys,
    migrate,
    rules,
    serve,
    service_keys,
    simulator,
    sync,
    token,
    users,
    worker,
)
from permsync.cli.exits import exit_code_of, told
from permsync.errors import PermsyncError

app = typer.Typer(
    name="permsync",
    help="Keeps code-host tokens fresh, mirrors who may read what, and answers for it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("init")(init.init)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("migrate")(migrate.migrate)
app.command("sync")(sync.sync)
app.command("check")(check.check)
app.add_typer(hosts.app, name="hosts")
app.add_typer(accounts.app, name="accounts")
app.command("budgets")(budgets.budgets)
app.command("token")(token.token)
app.add_typer(users.app, name="users")
app.add_typer(rules.app, name="rules")
app.add_typer(keys.app, name="keys")
app.add_typer(service_keys.app, name="service-keys")
app.command("simulator")(simulator.simulator)
app.command("demo")(demo.demo)


def main() -> None:
    """Run the command that the arguments name; an error of ours is one line and a code."""
    try:
        app()
    except PermsyncError as error:
        told(error)
        sys.exit(exit_code_of(error))
