"""
The inbox of webhooks: what was proved and read, in ids, and what became of it.

The body is not kept: it holds names, addresses and code that nobody here needs. This module
must not know who reads or writes a table.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Computed,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from permsync.store.columns import instant, metadata, own_id, written_at

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    own_id(),
    Column("host", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("event", Text, nullable=False),
    Column("notice", JSONB, nullable=False),
    Column("closes", Boolean, nullable=False),
    written_at("received_at"),
    Column("seen", Integer, nullable=False, server_default=text("1")),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    written_at("try_at"),
    instant("processed_at"),
    instant("failed_at"),
    Column(
        "waits", Boolean, Computed("processed_at IS NULL AND failed_at IS NULL", persisted=True)
    ),
    UniqueConstraint("host", "digest"),
    Index("webhook_waiting", "host", "notice", postgresql_where=text("waits")),
    Index("webhook_by_age", "received_at"),
)
