"""
The first tables: people, accounts, repositories, grants, changes, runs.

A migration is frozen once released: it must not import the tables as they are today.
"""

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE "user" (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    name TEXT NOT NULL,
    email TEXT,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    disabled_at TIMESTAMPTZ,
    asked_at TIMESTAMPTZ,
    PRIMARY KEY (id)
);

CREATE TABLE identity (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    PRIMARY KEY (issuer, subject),
    FOREIGN KEY(user_id) REFERENCES "user" (id)
);
CREATE INDEX ix_identity_user_id ON identity (user_id);

CREATE TABLE session (
    token_hash BYTEA NOT NULL,
    user_id BIGINT NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (token_hash),
    FOREIGN KEY(user_id) REFERENCES "user" (id)
);
CREATE INDEX ix_session_user_id ON session (user_id);

CREATE TABLE authorization_attempt (
    state_hash BYTEA NOT NULL,
    purpose TEXT NOT NULL,
    host TEXT,
    user_id BIGINT,
    browser_hash BYTEA NOT NULL,
    verifier_sealed BYTEA NOT NULL,
    key_id TEXT NOT NULL,
    return_to TEXT NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (state_hash),
    FOREIGN KEY(user_id) REFERENCES "user" (id)
);

CREATE TABLE service_key (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    name TEXT NOT NULL,
    key_hash BYTEA NOT NULL,
    scopes TEXT[] NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    expires_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ,
    PRIMARY KEY (id),
    UNIQUE (name),
    UNIQUE (key_hash)
);

CREATE TABLE account (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    user_id BIGINT NOT NULL,
    host TEXT NOT NULL,
    external_id TEXT NOT NULL,
    login TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    state_since TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    link_id UUID NOT NULL,
    token_version INTEGER NOT NULL,
    access_sealed BYTEA,
    refresh_sealed BYTEA,
    key_id TEXT,
    redirect_uri TEXT NOT NULL,
    scopes TEXT[],
    issued_at TIMESTAMPTZ NOT NULL,
    access_expires_at TIMESTAMPTZ,
    refresh_expires_at TIMESTAMPTZ,
    rejections INTEGER DEFAULT 0 NOT NULL,
    refresh_try_at TIMESTAMPTZ,
    linked_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    restricted BOOLEAN DEFAULT false NOT NULL,
    run_id BIGINT,
    listed_at TIMESTAMPTZ,
    listed_to TIMESTAMPTZ,
    held_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    ended_reason TEXT,
    listing_digest BYTEA,
    sync_due_at TIMESTAMPTZ,
    sync_failures INTEGER DEFAULT 0 NOT NULL,
    wanted_again TEXT,
    PRIMARY KEY (id),
    UNIQUE (host, external_id),
    FOREIGN KEY(user_id) REFERENCES "user" (id)
);
CREATE INDEX account_sync_due ON account (sync_due_at) WHERE sync_due_at IS NOT NULL;
CREATE INDEX ix_account_key_id ON account (key_id);
CREATE INDEX ix_account_user_id ON account (user_id);

CREATE TABLE refresh_attempt (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    account_id BIGINT NOT NULL,
    link_id UUID NOT NULL,
    for_version INTEGER NOT NULL,
    owner UUID NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT,
    token_digest BYTEA NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    lease_until TIMESTAMPTZ NOT NULL,
    closed_at TIMESTAMPTZ,
    PRIMARY KEY (id),
    FOREIGN KEY(account_id) REFERENCES account (id)
);
CREATE INDEX refresh_attempt_by_version ON refresh_attempt (account_id, for_version);
CREATE UNIQUE INDEX refresh_attempt_one_live ON refresh_attempt (account_id)
    WHERE state IN ('armed', 'uncertain');

CREATE TABLE repository (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    host TEXT NOT NULL,
    external_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    full_name TEXT,
    visibility TEXT NOT NULL,
    visibility_at TIMESTAMPTZ NOT NULL,
    open_seen_at TIMESTAMPTZ,
    run_id BIGINT,
    listed_at TIMESTAMPTZ,
    listed_to TIMESTAMPTZ,
    held_at TIMESTAMPTZ,
    gone_at TIMESTAMPTZ,
    PRIMARY KEY (id),
    UNIQUE (host, external_id),
    UNIQUE (host, full_name)
);

CREATE TABLE "grant" (
    account_id BIGINT NOT NULL,
    repository_id BIGINT NOT NULL,
    source TEXT NOT NULL,
    level TEXT NOT NULL,
    as_of TIMESTAMPTZ,
    missed BOOLEAN DEFAULT false NOT NULL,
    PRIMARY KEY (account_id, source, repository_id),
    FOREIGN KEY(account_id) REFERENCES account (id),
    FOREIGN KEY(repository_id) REFERENCES repository (id)
);
CREATE INDEX grant_by_repository ON "grant" (repository_id, account_id);

CREATE TABLE explicit_rule (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    effect TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    repository_id BIGINT NOT NULL,
    created_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    expires_at TIMESTAMPTZ,
    PRIMARY KEY (id),
    UNIQUE (user_id, repository_id, effect),
    FOREIGN KEY(user_id) REFERENCES "user" (id),
    FOREIGN KEY(repository_id) REFERENCES repository (id)
);

CREATE TABLE fence (
    repository_id BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (repository_id),
    FOREIGN KEY(repository_id) REFERENCES repository (id)
);

CREATE TABLE revision (
    only_row BOOLEAN DEFAULT true NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (only_row)
);

CREATE TABLE change (
    revision BIGINT NOT NULL,
    ordinal INTEGER NOT NULL,
    at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    kind TEXT NOT NULL,
    account_id BIGINT,
    repository_id BIGINT,
    source TEXT,
    was TEXT,
    became TEXT,
    run_id BIGINT,
    PRIMARY KEY (revision, ordinal)
);
CREATE INDEX change_by_account ON change (account_id, revision);
CREATE INDEX change_by_repository ON change (repository_id, revision);

CREATE TABLE run (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    account_id BIGINT NOT NULL,
    trigger TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    finished_at TIMESTAMPTZ,
    added INTEGER DEFAULT 0 NOT NULL,
    removed INTEGER DEFAULT 0 NOT NULL,
    total INTEGER DEFAULT 0 NOT NULL,
    requests INTEGER DEFAULT 0 NOT NULL,
    failure TEXT,
    PRIMARY KEY (id),
    FOREIGN KEY(account_id) REFERENCES account (id)
);
CREATE INDEX run_by_account ON run (account_id, id);

CREATE TABLE audit_event (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMPTZ DEFAULT clock_timestamp() NOT NULL,
    action TEXT NOT NULL,
    actor TEXT NOT NULL,
    user_id BIGINT,
    account_id BIGINT,
    host TEXT,
    code TEXT,
    PRIMARY KEY (id)
);

INSERT INTO revision (value) VALUES (0);
"""


def upgrade() -> None:
    """Create the tables in an empty database."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
