"""
Gaps that say whether the person can close them, by approving a single sign-on.

A migration is frozen once released: it must not import the tables as they are today.
"""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the column; the next listing says what is true of the gaps that are there."""
    op.execute("ALTER TABLE account_gap ADD COLUMN to_approve BOOLEAN DEFAULT false NOT NULL")
