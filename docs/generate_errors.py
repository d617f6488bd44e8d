"""
Writes ``docs/errors.md``: every error code, whose fault it is, and what to do about it.

Codes, faults, HTTP statuses, exit codes and sentences are read from the program; what to do
is written here. Run it with ``python -m docs.generate_errors``;
``tests/house/test_generated_docs.py`` fails while the page is stale or a code has no advice.
"""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from permsync.cli.exits import DEFECT, EXIT_CODES
from permsync.errors import Fault, PermsyncError
from permsync.web.problems import ERRORS
from permsync.web.sentences import (
    ACCOUNT_REASONS,
    LENDING_REFUSALS,
    LINK_REFUSALS,
    REASONS,
    WEBHOOK_REFUSALS,
)

PAGE = Path(__file__).with_name("errors.md")

HEAD = """\
# Errors

<!-- Written by docs/generate_errors.py from the program; an edit here is overwritten. -->

Every failure has a stable code. The API answers with a problem document (RFC 9457) that holds
it as `code`; the command line prints it and ends with the exit code below. What a code host
said itself stands in the operator's log only, without secrets.

The fault says who can end it: the **operator** (settings, machine), the **caller** (the
question, or who asks it), the **host** (a code host), or **us** (a defect: please report it).
"""

# What to do, for every class of the tree; a branch's advice is for what has no code of its own.
ADVICE: Mapping[str, str] = {
    "operator_error": "Read the message: it names the place and the cure.",
    "configuration_invalid": "Read the message: it names the key, the line or the variable, and"
    " the cure. [Settings](settings.md) explains each key.",
    "sealing_key_wrong": "Put the key that the message names back into `sealing_keys`, after the"
    " first one. No account was changed.",
    "sealing_key_in_use": "Run `permsync keys rotate` with the settings of today, then retire the"
    " key again. Where a refresh under way needs it, try again in a minute.",
    "database_unavailable": "Check that PostgreSQL runs and accepts this user; with the embedded"
    " one, read the server's log in the data folder.",
    "schema_newer_than_program": "Run the newer permsync again, or restore the database from"
    " before its migration.",
    "address_in_use": "Stop the other program, or set `listen.port`.",
    "caller_error": "Change the request; the same one gets the same answer.",
    "request_malformed": "Correct the field that `field` names.",
    "unauthenticated": "Send a living service key as a bearer token, or sign in.",
    "forbidden": "Use a key with the scope that `reason` names.",
    "unknown": "Check the name. The code is `unknown_` and what is unknown, such as"
    " `unknown_account`.",
    "link_refused": "Do what the reason says; the table below has them all.",
    "sign_in_refused": "Sign in again; where that does not help, the operator's log has the"
    " reason.",
    "webhook_refused": "Compare the secret at the code host with `webhook_secrets`; the reason says"
    " more, and the table below has them all. Nothing was stored: have the host send it again.",
    "lending_refused": "Do what the reason says; the table below has them all. `try_again` comes"
    " with `Retry-After`.",
    "host_error": "Try again later.",
    "token_unavailable": "With `Retry-After`: wait. Without: the person links the account again.",
    "host_unavailable": "Try again later. Stored access stays as it was.",
    "defect": "Report it, with the log lines around it.",
    "sealed_value_damaged": "Report it. The stored value was changed, cut or moved to another row;"
    " the person can link the account again.",
}


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            HEAD,
            *_errors(),
            *_table(
                "Why an account is not linked", "`reason` of `link_refused`", LINK_REFUSALS.items()
            ),
            *_table(
                "Why no token was lent", "`reason` of `lending_refused`", LENDING_REFUSALS.items()
            ),
            *_table(
                "Why a webhook is not believed",
                "`reason` of `webhook_refused`",
                WEBHOOK_REFUSALS.items(),
            ),
            *_table(
                "Why an account does not work", "`reason` of an account", ACCOUNT_REASONS.items()
            ),
            *_table("Why a decision fell as it did", "`reason` of a decision", REASONS.items()),
        ]
    )


def tree() -> Iterator[type[PermsyncError]]:
    """Every error below the root, parents first."""
    return _below(PermsyncError)


def _below(error: type[PermsyncError]) -> Iterator[type[PermsyncError]]:
    for child in error.__subclasses__():
        yield child
        yield from _below(child)


def _errors() -> Iterator[str]:
    for fault in Fault:
        for error in tree():
            if error.fault is fault:
                yield _error(error)


def _error(error: type[PermsyncError]) -> str:
    said = (inspect.getdoc(error) or "").replace("``", "`").replace("\n", " ")
    status = next(ERRORS[each][0] for each in error.__mro__ if each in ERRORS)
    code = f"{error.code}_<what>" if error.code == "unknown" else error.code
    exit_code = next((EXIT_CODES[each] for each in error.__mro__ if each in EXIT_CODES), DEFECT)
    return (
        f"## `{code}`\n\n{' '.join(said.split())}\n\n"
        f"- fault: {error.fault}; HTTP {int(status)}; exit code {exit_code}\n"
        f"- what to do: {ADVICE[error.code]}\n"
    )


def _table(title: str, column: str, texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"## {title}\n\n| {column} | what people read |\n|---|---|"
    for reason, text in texts:
        yield f"| `{reason}` | {text} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
