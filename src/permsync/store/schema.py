"""
The tables, as SQLAlchemy Core sees them; the migrations create them.

What is decided here: names, types and keys. A test compares this with the migrated
database, so neither drifts. This module must not know who reads or writes a table.
Secrets are only in columns named ``*_sealed`` (opened by the vault) or ``*_hash``
(opened by nobody); a new ``*_sealed`` column goes into ``store.sealed_values`` too.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from permsync.store import (
    columns,
    evidence_tables,
    listing_tables,
    refresh_tables,
    webhook_tables,
)
from permsync.store.columns import instant, own_id, sealed_with, words, written_at

metadata = columns.metadata

budget = listing_tables.budget
listing_validator = listing_tables.listing_validator
account_gap = evidence_tables.account_gap
ask = evidence_tables.ask
change = evidence_tables.change
explicit_rule = evidence_tables.explicit_rule
fence = evidence_tables.fence
grant = evidence_tables.grant
host_policy = evidence_tables.host_policy
pending_grant = evidence_tables.pending_grant
repository = evidence_tables.repository
revision = evidence_tables.revision
run = evidence_tables.run
sync_wish = evidence_tables.sync_wish
refresh_attempt = refresh_tables.refresh_attempt
refresh_candidate = refresh_tables.refresh_candidate
circuit = refresh_tables.circuit
webhook_delivery = webhook_tables.webhook_delivery

sealing_key = Table(
    "sealing_key",
    metadata,
    Column("key_id", Text, primary_key=True),
    written_at("seen_at"),
    instant("first_used_at"),
    instant("last_used_at"),
    instant("retired_at"),
    # What other tables refer to: it is gone for them once the key is retired.
    Column(
        "usable_id",
        Text,
        Computed("CASE WHEN retired_at IS NULL THEN key_id END", persisted=True),
        unique=True,
    ),
)

user = Table(
    "user",
    metadata,
    own_id(),
    Column("name", Text, nullable=False),
    Column("email", Text),
    written_at("created_at"),
    instant("disabled_at"),
    instant("asked_at"),
)

identity = Table(
    "identity",
    metadata,
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("user_id", ForeignKey("user.id"), nullable=False, index=True),
    written_at("created_at"),
    PrimaryKeyConstraint("issuer", "subject"),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", ForeignKey("user.id"), nullable=False, index=True),
    written_at("created_at"),
    instant("expires_at", nullable=False),
)

authorization_attempt = Table(
    "authorization_attempt",
    metadata,
    Column("state_hash", LargeBinary, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("host", Text),
    Column("user_id", ForeignKey("user.id")),
    Column("browser_hash", LargeBinary, nullable=False),
    Column("verifier_sealed", LargeBinary, nullable=False),
    sealed_with("authorization_attempt", nullable=False),
    Column("return_to", Text, nullable=False),
    instant("expires_at", nullable=False),
)

service_key = Table(
    "service_key",
    metadata,
    own_id(),
    Column("name", Text, nullable=False, unique=True),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    words("scopes"),
    *(words(name, starts_empty=True) for name in ("lend_hosts", "lend_users")),
    written_at("created_at"),
    instant("expires_at"),
    instant("revoked_at"),
)

account = Table(
    "account",
    metadata,
    # Its id is taken before the row is written: the tokens are sealed to it.
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    Column("user_id", ForeignKey("user.id"), nullable=False, index=True),
    Column("host", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("login", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    written_at("state_since"),
    Column("link_id", Uuid(as_uuid=False), nullable=False),
    Column("token_version", Integer, nullable=False),
    Column("access_sealed", LargeBinary),
    Column("refresh_sealed", LargeBinary),
    sealed_with("account"),
    Column("redirect_uri", Text, nullable=False),
    words("scopes", nullable=True),
    instant("issued_at", nullable=False),
    instant("access_expires_at"),
    instant("refresh_expires_at"),
    Column("rejections", Integer, nullable=False, server_default=text("0")),
    Column("refresh_faults", Integer, nullable=False, server_default=text("0")),
    instant("refresh_try_at"),
    instant("refresh_due_at"),
    written_at("linked_at"),
    Column("restricted", Boolean, nullable=False, server_default=text("false")),
    Column("run_id", BigInteger),
    instant("listed_at"),
    instant("listed_to"),
    instant("held_at"),
    instant("ended_at"),
    Column("ended_reason", Text),
    Column("listing_digest", LargeBinary),
    instant("sync_due_at"),
    Column("sync_failures", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("host", "external_id"),
    Column("asked_pairs", Integer, nullable=False, server_default=text("0")),
    Index("account_sync_due", "sync_due_at", postgresql_where=text("sync_due_at IS NOT NULL")),
    Index(
        "account_refresh_due",
        "host",
        "refresh_due_at",
        postgresql_where=text("refresh_due_at IS NOT NULL"),
    ),
)

revocation = Table(
    "revocation",
    metadata,
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    Column("host", Text, nullable=False),
    Column("account_id", ForeignKey("account.id"), index=True),
    Column("link_id", Uuid(as_uuid=False), nullable=False),
    Column("access_sealed", LargeBinary),
    Column("refresh_sealed", LargeBinary),
    sealed_with("revocation"),
    instant("dies_at"),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    instant("next_try_at"),
    written_at("created_at"),
    instant("closed_at"),
    Column("outcome", Text),
    Index("revocation_due", "host", "next_try_at", postgresql_where=text("closed_at IS NULL")),
)

audit_event = Table(
    "audit_event",
    metadata,
    own_id(),
    written_at("at"),
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("user_id", BigInteger),
    Column("account_id", BigInteger),
    Column("host", Text),
    Column("code", Text),
    Column("token_version", Integer),
    Column("repository_id", BigInteger),
)
