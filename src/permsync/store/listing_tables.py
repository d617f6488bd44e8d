"""
The tables of listing: what credentials may still ask, and validators of what was answered.

They stand apart from ``store.schema``, through which everybody reads them, because no file
holds them all. This module must not know who reads or writes a table.
"""

from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from permsync.store.columns import instant, metadata

budget = Table(
    "budget",
    metadata,
    Column("host", Text, nullable=False),
    Column("credential", Text, nullable=False),
    Column("request_limit", Integer, nullable=False),
    Column("remaining", Integer, nullable=False),
    instant("resets_at", nullable=False),
    instant("limited_until"),
    instant("seen_at", nullable=False),
    PrimaryKeyConstraint("host", "credential"),
)

# Not sealed: a validator opens nothing without the token that it was given to.
listing_validator = Table(
    "listing_validator",
    metadata,
    Column("account_id", ForeignKey("account.id"), primary_key=True),
    Column("link_id", Uuid(as_uuid=False), nullable=False),
    Column("basis", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    instant("saved_at", nullable=False),
    Column("pages", JSONB, nullable=False),
)
