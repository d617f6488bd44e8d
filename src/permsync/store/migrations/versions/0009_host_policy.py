"""
What the settings last said about openness at each host, so that a change of it is a change.

A migration is frozen once released: it must not import the tables as they are today.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

TABLE = """
CREATE TABLE host_policy (
    host TEXT NOT NULL,
    policy TEXT NOT NULL,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    PRIMARY KEY (host)
)
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TABLE)
