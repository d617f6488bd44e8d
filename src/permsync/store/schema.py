"""
The tables, as SQLAlchemy Core sees them; the migrations create them.

What is decided here: names, types and keys. A test compares this with the migrated
database, so neither drifts. This module must not know who reads or writes a table.
Secrets are only in columns named ``*_sealed`` (opened by the vault) or ``*_hash``
(opened by nobody).
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

metadata = MetaData()


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _instant(name: str, *, nullable: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _written_at(name: str) -> Column[object]:
    return Column(
        name, DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")
    )


def _words(name: str, *, nullable: bool = False) -> Column[list[str]]:
    return Column(name, ARRAY(Text), nullable=nullable)


user = Table(
    "user",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("email", Text),
    _written_at("created_at"),
    _instant("disabled_at"),
    _instant("asked_at"),
)

identity = Table(
    "identity",
    metadata,
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("user_id", ForeignKey("user.id"), nullable=False, index=True),
    _written_at("created_at"),
    PrimaryKeyConstraint("issuer", "subject"),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", ForeignKey("user.id"), nullable=False, index=True),
    _written_at("created_at"),
    _instant("expires_at", nullable=False),
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
    Column("key_id", Text, nullable=False),
    Column("return_to", Text, nullable=False),
    _instant("expires_at", nullable=False),
)

service_key = Table(
    "service_key",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    _words("scopes"),
    _written_at("created_at"),
    _instant("expires_at"),
    _instant("revoked_at"),
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
    _written_at("state_since"),
    Column("link_id", Uuid(as_uuid=False), nullable=False),
    Column("token_version", Integer, nullable=False),
    Column("access_sealed", LargeBinary),
    Column("refresh_sealed", LargeBinary),
    Column("key_id", Text, index=True),
    Column("redirect_uri", Text, nullable=False),
    _words("scopes", nullable=True),
    _instant("issued_at", nullable=False),
    _instant("access_expires_at"),
    _instant("refresh_expires_at"),
    Column("rejections", Integer, nullable=False, server_default=text("0")),
    _instant("refresh_try_at"),
    _written_at("linked_at"),
    Column("restricted", Boolean, nullable=False, server_default=text("false")),
    Column("run_id", BigInteger),
    _instant("listed_at"),
    _instant("listed_to"),
    _instant("held_at"),
    _instant("ended_at"),
    Column("ended_reason", Text),
    Column("listing_digest", LargeBinary),
    _instant("sync_due_at"),
    Column("sync_failures", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("host", "external_id"),
    Index("account_sync_due", "sync_due_at", postgresql_where=text("sync_due_at IS NOT NULL")),
)

LIVE_ATTEMPT = "state IN ('armed', 'uncertain')"

refresh_attempt = Table(
    "refresh_attempt",
    metadata,
    _id(),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("link_id", Uuid(as_uuid=False), nullable=False),
    Column("for_version", Integer, nullable=False),
    Column("owner", Uuid(as_uuid=False), nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome", Text),
    Column("token_digest", LargeBinary, nullable=False),
    _instant("started_at", nullable=False),
    _instant("lease_until", nullable=False),
    _instant("closed_at"),
    Index(
        "refresh_attempt_one_live", "account_id", unique=True, postgresql_where=text(LIVE_ATTEMPT)
    ),
    Index("refresh_attempt_by_version", "account_id", "for_version"),
)

revocation = Table(
    "revocation",
    metadata,
    # Its id is taken before the row is written: the tokens are sealed to it.
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    Column("host", Text, nullable=False),
    Column("account_id", ForeignKey("account.id"), index=True),
    Column("link_id", Uuid(as_uuid=False), nullable=False),
    Column("access_sealed", LargeBinary),
    Column("refresh_sealed", LargeBinary),
    Column("key_id", Text),
    _instant("dies_at"),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    _instant("next_try_at"),
    _written_at("created_at"),
    _instant("closed_at"),
    Column("outcome", Text),
    Index("revocation_due", "host", "next_try_at", postgresql_where=text("closed_at IS NULL")),
)

repository = Table(
    "repository",
    metadata,
    _id(),
    Column("host", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("owner_id", Text, nullable=False),
    Column("full_name", Text),
    Column("visibility", Text, nullable=False),
    _instant("visibility_at", nullable=False),
    _instant("open_seen_at"),
    Column("run_id", BigInteger),
    _instant("listed_at"),
    _instant("listed_to"),
    _instant("held_at"),
    _instant("gone_at"),
    UniqueConstraint("host", "external_id"),
    UniqueConstraint("host", "full_name"),
)

grant = Table(
    "grant",
    metadata,
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("repository_id", ForeignKey("repository.id"), nullable=False),
    Column("source", Text, nullable=False),
    Column("level", Text, nullable=False),
    _instant("as_of"),
    Column("missed", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("account_id", "source", "repository_id"),
    Index("grant_by_repository", "repository_id", "account_id"),
)

explicit_rule = Table(
    "explicit_rule",
    metadata,
    _id(),
    Column("effect", Text, nullable=False),
    Column("user_id", ForeignKey("user.id"), nullable=False),
    Column("repository_id", ForeignKey("repository.id"), nullable=False),
    _written_at("created_at"),
    _instant("expires_at"),
    UniqueConstraint("user_id", "repository_id", "effect"),
)

fence = Table(
    "fence",
    metadata,
    Column("repository_id", ForeignKey("repository.id"), primary_key=True),
    _instant("at", nullable=False),
)

revision = Table(
    "revision",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("value", BigInteger, nullable=False),
)

change = Table(
    "change",
    metadata,
    Column("revision", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    _written_at("at"),
    Column("kind", Text, nullable=False),
    Column("account_id", BigInteger),
    Column("repository_id", BigInteger),
    Column("user_id", BigInteger),
    Column("source", Text),
    Column("was", Text),
    Column("became", Text),
    Column("run_id", BigInteger),
    PrimaryKeyConstraint("revision", "ordinal"),
    Index("change_by_repository", "repository_id", "revision"),
    Index("change_by_account", "account_id", "revision"),
)

run = Table(
    "run",
    metadata,
    _id(),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("trigger", Text, nullable=False),
    Column("state", Text, nullable=False),
    _written_at("started_at"),
    _instant("finished_at"),
    Column("added", Integer, nullable=False, server_default=text("0")),
    Column("removed", Integer, nullable=False, server_default=text("0")),
    Column("total", Integer, nullable=False, server_default=text("0")),
    Column("requests", Integer, nullable=False, server_default=text("0")),
    Column("failure", Text),
    Index("run_by_account", "account_id", "id"),
)

audit_event = Table(
    "audit_event",
    metadata,
    _id(),
    _written_at("at"),
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("user_id", BigInteger),
    Column("account_id", BigInteger),
    Column("host", Text),
    Column("code", Text),
)
