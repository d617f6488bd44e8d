"""
The whole refresh protocol: staged answers, candidates, circuits, and when a refresh is due.

A migration is frozen once released: it must not import the tables as they are today.
"""

from alembic import op

revision = "0007"
down_revision = "0006"

CHANGES = """
ALTER TABLE account ADD COLUMN refresh_faults INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE account ADD COLUMN refresh_due_at TIMESTAMPTZ;
UPDATE account SET refresh_due_at = least(
    issued_at + interval '14 days', issued_at + (refresh_expires_at - issued_at) / 4
) WHERE refresh_sealed IS NOT NULL;
CREATE INDEX account_refresh_due ON account (host, refresh_due_at)
    WHERE refresh_due_at IS NOT NULL;
ALTER TABLE refresh_attempt ADD COLUMN answer_sealed BYTEA;
ALTER TABLE refresh_attempt ADD COLUMN candidate BIGINT;
ALTER TABLE refresh_attempt ADD COLUMN deadline TIMESTAMPTZ;
UPDATE refresh_attempt SET deadline = lease_until;
ALTER TABLE refresh_attempt ALTER COLUMN deadline SET NOT NULL;
DROP INDEX refresh_attempt_one_live;
CREATE UNIQUE INDEX refresh_attempt_one_live ON refresh_attempt (account_id)
    WHERE state IN ('armed', 'uncertain', 'staged');
CREATE TABLE refresh_candidate (
    attempt_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    link_id UUID NOT NULL,
    for_version INTEGER NOT NULL,
    token_sealed BYTEA NOT NULL,
    key_id TEXT NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (attempt_id),
    FOREIGN KEY(attempt_id) REFERENCES refresh_attempt (id),
    FOREIGN KEY(account_id) REFERENCES account (id),
    CONSTRAINT refresh_candidate_sealed_with FOREIGN KEY(key_id)
        REFERENCES sealing_key (usable_id)
);
CREATE INDEX ix_refresh_candidate_account_id ON refresh_candidate (account_id);
CREATE INDEX ix_refresh_candidate_key_id ON refresh_candidate (key_id);
CREATE TABLE circuit (
    client_digest BYTEA NOT NULL,
    host TEXT NOT NULL,
    failures INTEGER NOT NULL,
    retry_at TIMESTAMPTZ,
    probe_until TIMESTAMPTZ,
    opened_by BIGINT,
    changed_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    PRIMARY KEY (client_digest)
);
"""


def upgrade() -> None:
    """Add the columns and tables."""
    for statement in CHANGES.split(";\n"):
        if statement.strip():
            op.execute(statement)
