"""
Explicit rules that operators write: looked up by repository and by end, audited by repository.

A migration is frozen once released: it must not import the tables as they are today.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

CHANGES = """
CREATE INDEX explicit_rule_by_repository ON explicit_rule (repository_id);
CREATE INDEX explicit_rule_end ON explicit_rule (expires_at) WHERE expires_at IS NOT NULL;
ALTER TABLE audit_event ADD COLUMN repository_id BIGINT;
"""


def upgrade() -> None:
    """Add the indexes and the column."""
    for statement in CHANGES.split(";\n"):
        if statement.strip():
            op.execute(statement)
