"""
The tables of evidence: repositories, grants, what qualifies them, changes and runs.

They stand apart from ``store.schema``, through which everybody reads them, because no file
holds them all. This module must not know who reads or writes a table.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from permsync.store.columns import instant, metadata, own_id, written_at

repository = Table(
    "repository",
    metadata,
    own_id(),
    Column("host", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("owner_id", Text, nullable=False),
    Column("full_name", Text),
    Column("visibility", Text, nullable=False),
    instant("visibility_at", nullable=False),
    instant("open_seen_at"),
    Column("run_id", BigInteger),
    instant("listed_at"),
    instant("listed_to"),
    instant("held_at"),
    instant("gone_at"),
    instant("sync_due_at"),
    Column("sync_failures", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("host", "external_id"),
    UniqueConstraint("host", "full_name"),
    Index("repository_sync_due", "sync_due_at", postgresql_where=text("sync_due_at IS NOT NULL")),
    Index("repository_by_owner", "host", "owner_id"),
    Index("repository_by_folded_name", "host", text("lower(full_name)")),
)

grant = Table(
    "grant",
    metadata,
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("repository_id", ForeignKey("repository.id"), nullable=False),
    Column("source", Text, nullable=False),
    Column("level", Text, nullable=False),
    instant("as_of"),
    Column("missed", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("account_id", "source", "repository_id"),
    Index("grant_by_repository", "repository_id", "account_id"),
)

# What the repositories' own listings say of people who have not linked an account yet.
pending_grant = Table(
    "pending_grant",
    metadata,
    Column("host", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("repository_id", ForeignKey("repository.id"), nullable=False),
    Column("level", Text, nullable=False),
    instant("as_of"),
    Column("missed", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("host", "external_id", "repository_id"),
    Index("pending_grant_by_repository", "repository_id"),
)

account_gap = Table(
    "account_gap",
    metadata,
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("owner_id", Text, nullable=False),
    instant("as_of"),
    Column("to_approve", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("account_id", "owner_id"),
)

explicit_rule = Table(
    "explicit_rule",
    metadata,
    own_id(),
    Column("effect", Text, nullable=False),
    Column("user_id", ForeignKey("user.id"), nullable=False),
    Column("repository_id", ForeignKey("repository.id"), nullable=False),
    written_at("created_at"),
    instant("expires_at"),
    Column("actor", Text),
    Column("note", Text),
    UniqueConstraint("user_id", "repository_id", "effect"),
    Index("explicit_rule_by_repository", "repository_id"),
    Index("explicit_rule_end", "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
)

# A person is named as the host names them: a fence may stand before the account is linked. So
# is a repository that nobody had seen here (``unseen_id``): what is under way may know it.
fence = Table(
    "fence",
    metadata,
    own_id(),
    Column("host", Text, nullable=False),
    Column("external_id", Text),
    Column("repository_id", ForeignKey("repository.id")),
    Column("owner_id", Text),
    Column("source", Text),
    Column("unseen_id", Text),
    instant("at", nullable=False),
    Index("fence_by_person", "host", "external_id", "at"),
)

ask = Table(
    "ask",
    metadata,
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("repository_id", ForeignKey("repository.id"), nullable=False),
    instant("wanted_at", nullable=False),
    instant("due_at", nullable=False),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("account_id", "repository_id"),
)

host_policy = Table(
    "host_policy",
    metadata,
    Column("host", Text, primary_key=True),
    Column("policy", Text, nullable=False),
    written_at("changed_at"),
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
    written_at("at"),
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

sync_wish = Table(
    "sync_wish",
    metadata,
    Column("account_id", ForeignKey("account.id"), primary_key=True, autoincrement=False),
    Column("actor", Text, nullable=False),
    written_at("at"),
)

run = Table(
    "run",
    metadata,
    own_id(),
    Column("account_id", ForeignKey("account.id")),
    Column("repository_id", ForeignKey("repository.id")),
    Column("trigger", Text, nullable=False),
    Column("actor", Text),
    Column("state", Text, nullable=False),
    written_at("started_at"),
    instant("finished_at"),
    Column("added", Integer, nullable=False, server_default=text("0")),
    Column("removed", Integer, nullable=False, server_default=text("0")),
    Column("total", Integer, nullable=False, server_default=text("0")),
    Column("requests", Integer, nullable=False, server_default=text("0")),
    Column("not_modified", Integer, nullable=False, server_default=text("0")),
    Column("failure", Text),
    Index("run_by_account", "account_id", "id"),
    Index(
        "run_by_repository",
        "repository_id",
        "id",
        postgresql_where=text("repository_id IS NOT NULL"),
    ),
    Index("run_over", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
    Index("run_still_open", "started_at", postgresql_where=text("state = 'running'")),
)
