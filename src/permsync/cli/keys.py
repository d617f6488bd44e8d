"""
``permsync keys``: sealing keys, from a new one to the end of an old one.

A key itself is shown only where there is no file to put it into. This module must not know
how a value is sealed.
"""

import base64
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from permsync.cli.exits import FAILED
from permsync.cli.running import (
    AsJson,
    SettingsFile,
    console,
    print_json,
    print_table,
    progress_console,
    read_settings,
    run_with_services,
)
from permsync.config.private_files import add_line
from permsync.flows.deps import Services
from permsync.flows.forget_key import forget_key
from permsync.flows.list_keys import ShownKey, list_keys
from permsync.flows.retire_key import retire_key
from permsync.flows.rotate_keys import AT_ONCE, Rotation, count_outdated, rotate_keys
from permsync.vault import Vault, new_sealing_key

COLUMNS = ("key", "primary", "configured", "primary_since", "last_used_at", "retired_at", "values")
KeyId = Annotated[str, typer.Argument(help="The id of the key, as the list shows it.")]
app = typer.Typer(no_args_is_help=True, help="Sealing keys: new, list, rotate, retire, forget.")


@app.command("list")
def list_(settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """List the sealing keys by their ids, and how many values each sealed."""
    rows = [_row(key) for key in run_with_services(settings, list_keys)]
    if as_json:
        print_json(rows)
    else:
        print_table(COLUMNS, [{**row, "values": _in_words(row["values"])} for row in rows])


def _row(key: ShownKey) -> dict[str, object]:
    return {
        "key": key.key_id,
        "primary": key.primary,
        "configured": key.configured,
        "primary_since": key.primary_since,
        "last_used_at": key.last_used_at,
        "retired_at": key.retired_at,
        "values": dict(key.values),
    }


def _in_words(values: object) -> str | None:
    counts = values if isinstance(values, dict) else {}
    return ", ".join(f"{count} in {table}" for table, count in counts.items()) or None


@app.command()
def new(
    first: Annotated[
        bool, typer.Option("--first", help="Put it first at once: for a site of one process.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--print", help="Print the key and change no file.")
    ] = False,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a sealing key and add it to sealing_keys_file, or print it where there is none."""
    read = read_settings(settings, log_level="warning")
    file = None if show else read.sealing_keys_file
    key = new_sealing_key()
    key_id = Vault([base64.b64decode(key)]).primary_key_id
    old = Vault([one.get_secret_value() for one in read.sealing_keys]).primary_key_id
    if file is not None:
        add_line(file, f"{key}  # {key_id}", first=first)
    steps = _steps(str(file) if file else None, new=key_id, old=old, first=first)
    if as_json:
        shown = {"key_id": key_id, "file": str(file) if file else None, "next": steps}
        print_json(shown if file is not None else {**shown, "key": key})
        return
    if file is None:
        console.print(key)
    said = f"added the sealing key {key_id} to {file}" if file else f"this is the key {key_id}"
    progress_console.print(said, "; keep a copy: without it what it seals is lost", sep="")
    for number, step in enumerate(steps, 1):
        progress_console.print(f"{number}. {step}")


def _steps(file: str | None, *, new: str, old: str, first: bool) -> list[str]:
    """What is left to do, so that no process ever meets a value that it cannot open."""
    where = file or "the source of sealing_keys"
    adding = [] if file else [f"add it to {where}, {'first' if first else 'last'}"]
    rolling = [
        "start every process again, so that each can open what the new key seals",
        f"put {new} first in {where}",
    ]
    return [
        *adding,
        *([] if first else rolling),
        "start every process again: from now on the new key seals",
        "permsync keys rotate",
        f"permsync keys retire {old}, and then remove it from {where}",
    ]


@app.command()
def rotate(
    at_once: Annotated[
        int, typer.Option(min=1, max=10_000, help="Rows of one transaction.")
    ] = AT_ONCE,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Seal everything anew with the first key, while all runs; exit code 1 if any is left."""
    done = run_with_services(settings, lambda services: _rotate(services, at_once=at_once))
    if as_json:
        print_json(
            {
                "key": done.key_id,
                "resealed": dict(done.resealed),
                "unopened": [
                    {"table": one.table, "place": one.place, "error": one.error}
                    for one in done.unopened
                ],
                "left": done.left,
            }
        )
    else:
        _tell(done)
    if done.left:
        raise typer.Exit(FAILED)


async def _rotate(services: Services, *, at_once: int) -> Rotation:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=progress_console) as progress:
        bar = progress.add_task("sealing anew", total=await count_outdated(services))
        return await rotate_keys(
            services, note=lambda count: progress.advance(bar, count), at_once=at_once
        )


def _tell(done: Rotation) -> None:
    sealed = _in_words(done.resealed) or "nothing had to be"
    console.print(f"sealed anew with {done.key_id}: {sealed}")
    for one in done.unopened:
        console.print(f"not opened: {one.place} ({one.error}); see docs/guides/keys.md")
    if done.left and not done.unopened:
        console.print(
            f"{done.left} values came back under an older key: a process still seals with it;"
            " start every process with the settings of today, and rotate again"
        )


@app.command()
def retire(key_id: KeyId, settings: SettingsFile = None) -> None:
    """End an old key for ever; refused while anything needs it."""
    if run_with_services(settings, lambda services: retire_key(services, key_id)):
        console.print(f"retired {key_id}: remove it from the source of sealing_keys")
    else:
        console.print(f"{key_id} was retired before")


@app.command()
def forget(
    key_id: KeyId,
    sure: Annotated[
        bool, typer.Option("--yes", help="Do not ask whether the key is lost for good.")
    ] = False,
    settings: SettingsFile = None,
) -> None:
    """Give up a key that is lost for good: everybody whose tokens it sealed must link again."""
    if not sure:
        typer.confirm(f"Everybody whose tokens {key_id} sealed must link again. Go on?", abort=True)
    done = run_with_services(
        settings, lambda services: forget_key(services, key_id), lost_key=key_id
    )
    console.print(f"{done.accounts} accounts must be linked again; {done.others} more rows erased")
