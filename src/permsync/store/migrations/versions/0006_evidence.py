"""
Evidence: gaps, fences in their full form, asks, grants that wait for a person, listed readers.

A migration is frozen once released: it must not import the tables as they are today.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

CHANGES = """
CREATE TABLE account_gap (
    account_id BIGINT NOT NULL,
    owner_id TEXT NOT NULL,
    as_of TIMESTAMPTZ,
    PRIMARY KEY (account_id, owner_id),
    FOREIGN KEY(account_id) REFERENCES account (id)
);
ALTER TABLE fence RENAME TO fence_by_repository;
CREATE TABLE fence (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    host TEXT NOT NULL,
    external_id TEXT,
    repository_id BIGINT,
    owner_id TEXT,
    source TEXT,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT fence_of_repository FOREIGN KEY(repository_id) REFERENCES repository (id)
);
INSERT INTO fence (host, repository_id, at)
    SELECT repository.host, repository.id, one.at FROM fence_by_repository AS one
    JOIN repository ON repository.id = one.repository_id;
DROP TABLE fence_by_repository;
CREATE INDEX fence_by_person ON fence (host, external_id, at);
CREATE TABLE ask (
    account_id BIGINT NOT NULL,
    repository_id BIGINT NOT NULL,
    wanted_at TIMESTAMPTZ NOT NULL,
    due_at TIMESTAMPTZ NOT NULL,
    failures INTEGER DEFAULT 0 NOT NULL,
    PRIMARY KEY (account_id, repository_id),
    FOREIGN KEY(account_id) REFERENCES account (id),
    FOREIGN KEY(repository_id) REFERENCES repository (id)
);
CREATE TABLE pending_grant (
    host TEXT NOT NULL,
    external_id TEXT NOT NULL,
    repository_id BIGINT NOT NULL,
    level TEXT NOT NULL,
    as_of TIMESTAMPTZ,
    missed BOOLEAN DEFAULT false NOT NULL,
    PRIMARY KEY (host, external_id, repository_id),
    FOREIGN KEY(repository_id) REFERENCES repository (id)
);
CREATE INDEX pending_grant_by_repository ON pending_grant (repository_id);
ALTER TABLE account ADD COLUMN asked_pairs INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE repository ADD COLUMN sync_due_at TIMESTAMPTZ;
ALTER TABLE repository ADD COLUMN sync_failures INTEGER DEFAULT 0 NOT NULL;
CREATE INDEX repository_sync_due ON repository (sync_due_at) WHERE sync_due_at IS NOT NULL;
CREATE INDEX repository_by_owner ON repository (host, owner_id);
ALTER TABLE run ALTER COLUMN account_id DROP NOT NULL;
ALTER TABLE run ADD COLUMN repository_id BIGINT;
ALTER TABLE run ADD CONSTRAINT run_of_repository
    FOREIGN KEY (repository_id) REFERENCES repository (id);
ALTER TABLE run ADD COLUMN actor TEXT;
ALTER TABLE run ADD COLUMN not_modified INTEGER DEFAULT 0 NOT NULL;
CREATE INDEX run_by_repository ON run (repository_id, id) WHERE repository_id IS NOT NULL;
CREATE INDEX run_still_open ON run (started_at) WHERE state = 'running';
ALTER TABLE explicit_rule ADD COLUMN actor TEXT;
ALTER TABLE explicit_rule ADD COLUMN note TEXT;
"""


def upgrade() -> None:
    """Change the tables."""
    for statement in CHANGES.split(";\n"):
        if statement.strip():
            op.execute(statement)
