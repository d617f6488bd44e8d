"""
Lending: for whom a service key may be lent tokens, and which version was lent.

A migration is frozen once released: it must not import the tables as they are today.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    "ALTER TABLE service_key ADD lend_hosts TEXT[] DEFAULT '{}' NOT NULL",
    "ALTER TABLE service_key ADD lend_users TEXT[] DEFAULT '{}' NOT NULL",
    "ALTER TABLE audit_event ADD token_version INTEGER",
)


def upgrade() -> None:
    """Bind no key to anybody: nothing is lent until somebody says so."""
    for statement in STATEMENTS:
        op.execute(statement)
