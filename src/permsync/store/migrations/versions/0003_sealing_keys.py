"""
The sealing keys that are known, and that no row may need a retired one.

A migration is frozen once released: it must not import the tables as they are today.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

CHANGES = """
CREATE TABLE sealing_key (
    key_id TEXT NOT NULL,
    seen_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    first_used_at TIMESTAMPTZ,
    last_used_at TIMESTAMPTZ,
    retired_at TIMESTAMPTZ,
    usable_id TEXT GENERATED ALWAYS AS (CASE WHEN retired_at IS NULL THEN key_id END) STORED,
    PRIMARY KEY (key_id),
    UNIQUE (usable_id)
);
INSERT INTO sealing_key (key_id)
    SELECT key_id FROM account WHERE key_id IS NOT NULL
    UNION SELECT key_id FROM authorization_attempt
    UNION SELECT key_id FROM revocation WHERE key_id IS NOT NULL;
ALTER TABLE account ADD CONSTRAINT account_sealed_with
    FOREIGN KEY (key_id) REFERENCES sealing_key (usable_id);
ALTER TABLE authorization_attempt ADD CONSTRAINT authorization_attempt_sealed_with
    FOREIGN KEY (key_id) REFERENCES sealing_key (usable_id);
CREATE INDEX ix_authorization_attempt_key_id ON authorization_attempt (key_id);
ALTER TABLE revocation ADD CONSTRAINT revocation_sealed_with
    FOREIGN KEY (key_id) REFERENCES sealing_key (usable_id);
CREATE INDEX ix_revocation_key_id ON revocation (key_id);
ALTER TABLE refresh_attempt ADD COLUMN key_id TEXT CONSTRAINT refresh_attempt_sealed_with
    REFERENCES sealing_key (usable_id);
CREATE INDEX refresh_attempt_by_key ON refresh_attempt (key_id) WHERE key_id IS NOT NULL;
"""


def upgrade() -> None:
    """Create the table with the keys in use, and refer to it."""
    for statement in CHANGES.split(";\n"):
        if statement.strip():
            op.execute(statement)
