"""
What a listing keeps between runs: budgets of credentials, and validators of its pages.

A migration is frozen once released: it must not import the tables as they are today.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = """
CREATE TABLE budget (
    host TEXT NOT NULL,
    credential TEXT NOT NULL,
    request_limit INTEGER NOT NULL,
    remaining INTEGER NOT NULL,
    resets_at TIMESTAMPTZ NOT NULL,
    limited_until TIMESTAMPTZ,
    seen_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (host, credential)
);
CREATE TABLE listing_validator (
    account_id BIGINT NOT NULL,
    link_id UUID NOT NULL,
    basis BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    saved_at TIMESTAMPTZ NOT NULL,
    pages JSONB NOT NULL,
    PRIMARY KEY (account_id),
    FOREIGN KEY(account_id) REFERENCES account (id)
);
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
