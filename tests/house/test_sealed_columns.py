"""
No sealed column is forgotten: each is registered, and its key cannot be retired under it.

A column that holds sealed values is called ``*_sealed``; a table with one has a ``key_id``.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import Column, ForeignKeyConstraint, LargeBinary, Table

from permsync.store import schema
from permsync.store.columns import SEALED_WITH
from permsync.store.sealed_values import REGISTRY

REGISTERED = {(one.name, column) for one in REGISTRY for column in one.fields}
TABLES = schema.metadata.sorted_tables
WITH_A_KEY = [one for one in TABLES if "key_id" in one.c and one is not schema.sealing_key]


def _sealed(table: Table) -> Iterator[Column[object]]:
    return (column for column in table.c if column.name.endswith("_sealed"))


def test_every_sealed_column_is_registered_for_rotation() -> None:
    there = {(table.name, column.name) for table in TABLES for column in _sealed(table)}
    assert there == REGISTERED


def test_a_sealed_column_holds_bytes() -> None:
    columns = [column for table in TABLES for column in _sealed(table)]
    assert columns
    assert not [str(one) for one in columns if not isinstance(one.type, LargeBinary)]


def test_a_table_with_sealed_columns_names_their_key() -> None:
    assert {table.name for table in TABLES if list(_sealed(table))} <= {
        table.name for table in WITH_A_KEY
    }


@pytest.mark.parametrize("table", WITH_A_KEY, ids=lambda table: str(table.name))
def test_a_key_that_a_row_names_cannot_be_retired(table: Table) -> None:
    """The constraint's name is how the refusal is recognised; use ``columns.sealed_with``."""
    keys = [one for one in table.constraints if isinstance(one, ForeignKeyConstraint)]
    guards = [one for one in keys if one.column_keys == ["key_id"]]
    assert [one.name for one in guards] == [f"{table.name}{SEALED_WITH}"]
    assert guards[0].elements[0].target_fullname == "sealing_key.usable_id"


@pytest.mark.parametrize("table", WITH_A_KEY, ids=lambda table: str(table.name))
def test_the_rows_of_a_key_are_found_by_an_index(table: Table) -> None:
    assert [one.name for one in table.indexes if next(iter(one.columns)) is table.c.key_id]


def test_a_table_is_registered_once_and_its_fields_are_told_apart() -> None:
    assert len({one.name for one in REGISTRY}) == len(REGISTRY)
    assert not [one.name for one in REGISTRY if len(set(one.fields.values())) < len(one.fields)]


def test_a_registered_table_has_a_key_of_one_column() -> None:
    assert not [one.name for one in REGISTRY if len(one.table.primary_key) != 1]
