"""
Every sealed column of the database, registered once: which table, and what it is bound to.

What is decided here: how the values of a row are found, counted and replaced, for any
table. Replacing is a compare-and-set on the old values, their key, the link and the version
(REFRESH I4, I7), and touches nothing else. A house test compares this list with the schema,
so a new table cannot be forgotten. This module must not know a key; what is here is sealed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, literal, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import Sealed
from permsync.store import schema


@dataclass(frozen=True, slots=True)
class SealedTable:
    """
    One table with sealed columns; its column ``key_id`` names the key of them all.

    ``fields`` maps each sealed column to the field that its value is bound to; ``subject``,
    ``id``, ``link_id`` and ``version`` are the rest of the binding. A ``brief`` row lives for
    minutes and losing it costs a person one more click.
    """

    table: Table
    fields: Mapping[str, str]
    subject: str
    id: ColumnElement[int]
    link_id: ColumnElement[str]
    version: ColumnElement[int]
    brief: bool = False

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @property
    def key(self) -> ColumnElement[Any]:
        """The primary key, which is one column."""
        return next(iter(self.table.primary_key))

    @property
    def columns(self) -> list[ColumnElement[Any]]:
        """The sealed columns."""
        return [self.table.c[name] for name in self.fields]

    @property
    def values(self) -> ColumnElement[int]:
        """How many sealed values a row holds."""
        return func.num_nonnulls(*self.columns)


REGISTRY: tuple[SealedTable, ...] = (
    SealedTable(
        table=schema.account,
        fields={"access_sealed": "access", "refresh_sealed": "refresh"},
        subject="account",
        id=schema.account.c.id,
        link_id=schema.account.c.link_id,
        version=schema.account.c.token_version,
    ),
    SealedTable(
        table=schema.refresh_attempt,
        fields={"answer_sealed": "answer"},
        subject="refresh_attempt",
        id=schema.refresh_attempt.c.id,
        link_id=schema.refresh_attempt.c.link_id,
        version=schema.refresh_attempt.c.for_version,
    ),
    SealedTable(
        table=schema.refresh_candidate,
        fields={"token_sealed": "candidate"},
        subject="refresh_candidate",
        id=schema.refresh_candidate.c.attempt_id,
        link_id=schema.refresh_candidate.c.link_id,
        version=schema.refresh_candidate.c.for_version,
    ),
    SealedTable(
        table=schema.revocation,
        fields={"access_sealed": "access", "refresh_sealed": "refresh"},
        subject="revocation",
        id=schema.revocation.c.id,
        link_id=schema.revocation.c.link_id,
        version=literal(0),
    ),
    SealedTable(
        table=schema.authorization_attempt,
        fields={"verifier_sealed": "code_verifier"},
        subject="authorization_attempt",
        id=literal(0),
        link_id=func.encode(schema.authorization_attempt.c.state_hash, "hex"),
        version=literal(0),
        brief=True,
    ),
)


@dataclass(frozen=True, slots=True)
class KeyUse:
    """How many rows of a table name a key, and how many sealed values those hold."""

    key_id: str
    table: str
    rows: int
    values: int


@dataclass(frozen=True, slots=True)
class SealedRow:
    """
    The sealed values of one row, by column; all are under one key.

    ``key`` is the row's primary key; ``subject``, ``id``, ``link_id`` and ``version`` are what
    the values are bound to, beside the field of each (``SealedTable.fields``).
    """

    key: Any
    subject: str
    id: int
    link_id: str
    version: int
    values: Mapping[str, Sealed]


async def load_uses(connection: AsyncConnection) -> list[KeyUse]:
    """Which keys the rows of each table name; a table that names none is left out."""
    counts = [
        select(
            table.c.key_id,
            literal(table.name).label("table"),
            func.count().label("row_count"),
            _values_of(table).label("value_count"),
        )
        .where(table.c.key_id.is_not(None))
        .group_by(table.c.key_id)
        for table in schema.metadata.sorted_tables
        if "key_id" in table.c and table is not schema.sealing_key
    ]
    found = await connection.execute(union_all(*counts))
    return [KeyUse(row.key_id, row.table, row.row_count, row.value_count) for row in found]


def _values_of(table: Table) -> ColumnElement[int]:
    sealed = next((one for one in REGISTRY if one.table is table), None)
    return literal(0) if sealed is None else func.sum(sealed.values)


def lasting(uses: Sequence[KeyUse]) -> list[KeyUse]:
    """The uses that somebody would miss: values that live longer than minutes."""
    brief = {one.name for one in REGISTRY if one.brief}
    return [use for use in uses if use.values and use.table not in brief]


async def load_outdated(
    connection: AsyncConnection,
    sealed: SealedTable,
    *,
    primary: str,
    after: Any,
    limit: int,
    waits: bool,
) -> list[SealedRow]:
    """
    The next rows whose values another key than ``primary`` sealed, locked, by primary key.

    Rows that somebody else holds are passed over, unless ``waits``. Start with ``after``
    as ``None``.
    """
    query = (
        select(
            sealed.key.label("row_key"),
            sealed.id.label("row_id"),
            sealed.link_id.label("row_link_id"),
            sealed.version.label("row_version"),
            sealed.table.c.key_id,
            *sealed.columns,
        )
        .where(sealed.table.c.key_id != primary, sealed.values > 0)
        .order_by(sealed.key)
        .limit(limit)
        .with_for_update(skip_locked=not waits)
    )
    if after is not None:
        query = query.where(sealed.key > after)
    found = (await connection.execute(query)).mappings()
    return [_row_of(sealed, row) for row in found]


def _row_of(sealed: SealedTable, row: Mapping[Any, Any]) -> SealedRow:
    return SealedRow(
        key=row["row_key"],
        subject=sealed.subject,
        id=row["row_id"],
        link_id=row["row_link_id"],
        version=row["row_version"],
        values={
            column: Sealed(row["key_id"], row[column])
            for column in sealed.fields
            if row[column] is not None
        },
    )


async def delete_under(connection: AsyncConnection, key_id: str) -> int:
    """Delete the rows of a lost key, but for accounts: without its values none is of worth."""
    count = 0
    for sealed in REGISTRY:
        if sealed.table is not schema.account:
            lost = delete(sealed.table).where(sealed.table.c.key_id == key_id)
            count += (await connection.execute(lost)).rowcount
    return count


async def save_resealed(
    connection: AsyncConnection,
    sealed: SealedTable,
    row: SealedRow,
    values: Mapping[str, Sealed],
) -> None:
    """Replace the values, all by one key, of a row that was locked when it was loaded."""
    old_keys = {one.key_id for one in row.values.values()}
    query = (
        update(sealed.table)
        .where(
            sealed.key == row.key,
            sealed.link_id == row.link_id,
            sealed.version == row.version,
            sealed.table.c.key_id.in_(old_keys),
            *(sealed.table.c[name] == one.ciphertext for name, one in row.values.items()),
        )
        .values(
            key_id=next(iter(values.values())).key_id,
            **{name: one.ciphertext for name, one in values.items()},
        )
    )
    await connection.execute(query)
