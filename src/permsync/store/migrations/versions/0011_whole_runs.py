"""
Runs that say who asked for them, and that may be forgotten after a while.

A migration is frozen once released: it must not import the tables as they are today.
"""

from alembic import op

revision = "0011"
down_revision = "0010"

CHANGES = """
CREATE TABLE sync_wish (
    account_id BIGINT NOT NULL,
    actor TEXT NOT NULL,
    at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    PRIMARY KEY (account_id),
    FOREIGN KEY(account_id) REFERENCES account (id)
);
CREATE INDEX run_over ON run (finished_at) WHERE finished_at IS NOT NULL;
"""


def upgrade() -> None:
    """Add the table and the index."""
    for statement in CHANGES.split(";\n"):
        if statement.strip():
            op.execute(statement)
