"""
Attempts to refresh that may be forgotten after a while.

A migration is frozen once released: it must not import the tables as they are today.
"""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the index by which they are found."""
    op.execute(
        "CREATE INDEX refresh_attempt_over ON refresh_attempt (closed_at)"
        " WHERE closed_at IS NOT NULL"
    )
