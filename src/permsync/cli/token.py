"""
``permsync token ACCOUNT``: borrow a fresh access token, as an operator.

What is decided here: only the token goes to standard output, so that it can be handed to
another program. This module must not decide who may borrow.
"""

from datetime import timedelta
from typing import Annotated

import typer

from permsync.cli.running import AsJson, SettingsFile, print_json, run_with_services
from permsync.flows.lend_token import OPERATOR, lend_token


def token(
    account: Annotated[int, typer.Argument(help="The id of the account, as the list shows it.")],
    min_remaining: Annotated[
        int, typer.Option(min=0, help="Seconds it should live on; a wish, which is capped.")
    ] = 0,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Print a fresh access token of an account; its host must be open for it (lend = true)."""
    lent = run_with_services(
        settings,
        lambda services: lend_token(
            services,
            account,
            borrower=OPERATOR,
            min_remaining=timedelta(seconds=min_remaining),
        ),
    )
    if not as_json:
        typer.echo(lent.access_token)
        return
    print_json(
        {
            "account": lent.account.id,
            "user": lent.account.user_id,
            "host": lent.account.host,
            "token": lent.access_token,
            "token_version": lent.version,
            "expires_at": lent.expires_at,
            "scopes": None if lent.scopes is None else sorted(lent.scopes),
            "ends_with_refresh": lent.ends_with_refresh,
        }
    )
