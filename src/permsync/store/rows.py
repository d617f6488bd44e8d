"""
Turns rows into the facts of ``model``: nothing of SQLAlchemy leaves the store.

This module must not know which query a row came from.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from permsync.model import (
    Account,
    AccountReason,
    AccountState,
    Repository,
    Run,
    RunState,
    Trigger,
    User,
    Visibility,
)
from permsync.store import schema

ACCOUNT_COLUMNS = tuple(
    column
    for column in schema.account.c
    if column.name not in {"access_sealed", "refresh_sealed", "key_id"}
)


def account_of(row: RowMapping) -> Account:
    """An account without its tokens."""
    values: dict[str, Any] = {name: row[name] for name in Account.__dataclass_fields__}
    values["state"] = AccountState(row["state"])
    values["reason"] = AccountReason(row["reason"]) if row["reason"] else None
    values["scopes"] = None if row["scopes"] is None else frozenset(row["scopes"])
    return Account(**values)


def user_of(row: RowMapping) -> User:
    """A user."""
    return User(id=row["id"], name=row["name"], email=row["email"], disabled_at=row["disabled_at"])


def repository_of(row: RowMapping) -> Repository:
    """A repository; one that lost its name is shown by its id at the host."""
    return Repository(
        id=row["id"],
        host=row["host"],
        external_id=row["external_id"],
        owner_id=row["owner_id"],
        full_name=row["full_name"] or f"#{row['external_id']}",
        visibility=Visibility(row["visibility"]),
        visibility_at=row["visibility_at"],
        open_seen_at=row["open_seen_at"],
        gone_at=row["gone_at"],
    )


def run_of(row: RowMapping) -> Run:
    """A run."""
    values: dict[str, Any] = {name: row[name] for name in Run.__dataclass_fields__}
    values["trigger"] = Trigger(row["trigger"])
    values["state"] = RunState(row["state"])
    return Run(**values)


def instant(value: object) -> datetime:
    """A column that is never null, as the instant it is."""
    if not isinstance(value, datetime):
        raise TypeError(f"an instant was expected, not {type(value).__name__}")
    return value
