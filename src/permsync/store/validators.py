"""
The validators (entity tags) of the pages behind an account's last whole listing.

They vouch for the stored rows only while the account still has the digest of that listing;
any other writer clears it. This module must not know what a page says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.codehost import Ask, Request
from permsync.store import schema
from permsync.store.runs import ClaimedRun

_validator, _account = schema.listing_validator, schema.account


@dataclass(frozen=True, slots=True)
class Validated:
    """An ask, and the validator that its answer came with."""

    ask: Ask
    etag: str


@dataclass(frozen=True, slots=True)
class KnownPages:
    """What was asked for the listing that has this digest."""

    digest: bytes
    pages: tuple[Validated, ...]


async def load(
    connection: AsyncConnection, run: ClaimedRun, *, basis: bytes, younger_than: timedelta
) -> KnownPages | None:
    """
    The pages that vouch for what is stored, of this link and on this ``basis``.

    ``None`` where there are none, where they are too old, or where something else was
    written since.
    """
    query = (
        select(_validator.c.digest, _validator.c.pages)
        .join(_account, _account.c.id == _validator.c.account_id)
        .where(
            _account.c.id == run.account.id,
            _account.c.listing_digest == _validator.c.digest,
            _validator.c.link_id == run.account.link_id,
            _validator.c.basis == basis,
            _validator.c.saved_at > run.started_at - younger_than,
        )
    )
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        return None
    return KnownPages(row["digest"], tuple(_validated(**page) for page in row["pages"]))


def _validated(
    *, step: str, url: str, headers: dict[str, str], about: str, owner_id: str, etag: str
) -> Validated:
    return Validated(Ask(step, Request("GET", url, headers), about, owner_id), etag)


async def save(
    connection: AsyncConnection, run: ClaimedRun, *, basis: bytes, pages: Sequence[Validated]
) -> None:
    """Keep the pages of the listing that this run applied, if no later one was applied since."""
    rows = [
        {
            "step": page.ask.step,
            "url": page.ask.request.url,
            "headers": dict(page.ask.request.headers),
            "about": page.ask.about,
            "owner_id": page.ask.owner_id,
            "etag": page.etag,
        }
        for page in pages
    ]
    source = select(
        _account.c.id,
        _account.c.link_id,
        literal(basis),
        _account.c.listing_digest,
        literal(run.started_at),
        literal(rows, JSONB),
    ).where(
        _account.c.id == run.account.id,
        _account.c.link_id == run.account.link_id,
        _account.c.listed_at == run.started_at,
        _account.c.listing_digest.is_not(None),
    )
    names = ["account_id", "link_id", "basis", "digest", "saved_at", "pages"]
    row = insert(_validator).from_select(names, source)
    replaced = {name: row.excluded[name] for name in names[1:]}
    await connection.execute(
        row.on_conflict_do_update(index_elements=["account_id"], set_=replaced)
    )
