"""
Fences before repositories that nobody had seen here when the host said something of them.

A migration is frozen once released: it must not import the tables as they are today.
"""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE fence ADD COLUMN unseen_id TEXT")
