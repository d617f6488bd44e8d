"""
The kinds of columns that the tables are made of, and the collection that all tables are in.

What is decided here: how an id, an instant, a list of words and a sealing key look in every
table. This module must not know a table but that of the keys.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    MetaData,
    Text,
    text,
)

metadata = MetaData()

# How the constraint of a `sealed_with` column is called, after its table's name.
SEALED_WITH = "_sealed_with"


def own_id() -> Column[int]:
    """An id that the database gives."""
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def instant(name: str, *, nullable: bool = True) -> Column[object]:
    """A point in time."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def written_at(name: str) -> Column[object]:
    """When the row was written, by the database's clock."""
    return Column(
        name, DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")
    )


def words(name: str, *, nullable: bool = False, starts_empty: bool = False) -> Column[list[str]]:
    """A list of words."""
    first = text("'{}'") if starts_empty else None
    return Column(name, ARRAY(Text), nullable=nullable, server_default=first)


def sealed_with(table: str, *, nullable: bool = True, index: bool = True) -> Column[str]:
    """
    The key that the row's sealed columns need (``store.sealed_values`` lists them all).

    PostgreSQL refuses a key that is unknown or retired, and retiring one that a row names.
    """
    key = ForeignKey("sealing_key.usable_id", name=f"{table}{SEALED_WITH}")
    return Column("key_id", key, nullable=nullable, index=index)
