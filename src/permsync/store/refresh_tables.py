"""
The tables of the refresh protocol: attempts, the tokens kept beside an account's own, circuits.

They are part of ``store.schema``, which says what goes for all tables; the migrations
create them. This module must not know who reads or writes a table.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from permsync.store.columns import instant, metadata, own_id, sealed_with, written_at

LIVE_ATTEMPT = "state IN ('armed', 'uncertain', 'staged')"

refresh_attempt = Table(
    "refresh_attempt",
    metadata,
    own_id(),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("link_id", Uuid(as_uuid=False), nullable=False),
    Column("for_version", Integer, nullable=False),
    Column("owner", Uuid(as_uuid=False), nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome", Text),
    Column("token_digest", LargeBinary, nullable=False),
    # An answer that is kept as it came; while the attempt lives, the key to seal it with.
    Column("answer_sealed", LargeBinary),
    sealed_with("refresh_attempt", index=False),
    # The attempt that the presented candidate came from; none: the account's own token.
    Column("candidate", BigInteger),
    instant("started_at", nullable=False),
    instant("deadline", nullable=False),
    instant("lease_until", nullable=False),
    instant("closed_at"),
    Index(
        "refresh_attempt_one_live", "account_id", unique=True, postgresql_where=text(LIVE_ATTEMPT)
    ),
    Index("refresh_attempt_over", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
    Index("refresh_attempt_by_version", "account_id", "for_version"),
    Index("refresh_attempt_by_key", "key_id", postgresql_where=text("key_id IS NOT NULL")),
)

refresh_candidate = Table(
    "refresh_candidate",
    metadata,
    # An attempt brings one at most: a token that came too late, or the one that it spent.
    Column("attempt_id", ForeignKey("refresh_attempt.id"), primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("link_id", Uuid(as_uuid=False), nullable=False),
    Column("for_version", Integer, nullable=False),
    Column("token_sealed", LargeBinary, nullable=False),
    sealed_with("refresh_candidate", nullable=False),
    instant("expires_at", nullable=False),
)

circuit = Table(
    "circuit",
    metadata,
    # A keyed digest of the OAuth client's credentials: corrected ones have another circuit.
    Column("client_digest", LargeBinary, primary_key=True),
    Column("host", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    instant("retry_at"),
    instant("probe_until"),
    Column("opened_by", BigInteger),
    written_at("changed_at"),
)
