"""
The inbox of webhooks.

A migration is frozen once released: it must not import the tables as they are today.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

CHANGES = """
CREATE TABLE webhook_delivery (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    host TEXT NOT NULL,
    digest BYTEA NOT NULL,
    event TEXT NOT NULL,
    notice JSONB NOT NULL,
    closes BOOLEAN NOT NULL,
    received_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    seen INTEGER DEFAULT 1 NOT NULL,
    tries INTEGER DEFAULT 0 NOT NULL,
    try_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    processed_at TIMESTAMPTZ,
    failed_at TIMESTAMPTZ,
    waits BOOLEAN GENERATED ALWAYS AS (processed_at IS NULL AND failed_at IS NULL) STORED,
    PRIMARY KEY (id),
    UNIQUE (host, digest)
);
CREATE INDEX webhook_waiting ON webhook_delivery (host, notice) WHERE waits;
CREATE INDEX webhook_by_age ON webhook_delivery (received_at);
"""


def upgrade() -> None:
    """Add the table."""
    for statement in CHANGES.split(";\n"):
        if statement.strip():
            op.execute(statement)
