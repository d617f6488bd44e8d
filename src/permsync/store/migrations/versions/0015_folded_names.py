"""
Repositories by a name that a person pastes, which hosts take in small and capital letters.

A migration is frozen once released: it must not import the tables as they are today.
"""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the index by which they are found."""
    op.execute("CREATE INDEX repository_by_folded_name ON repository (host, lower(full_name))")
