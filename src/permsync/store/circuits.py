"""
Circuits: whether a host accepts one of our OAuth clients.

A client is known by a keyed digest of its credentials, so corrected ones start afresh. The
probe of a half-open circuit is claimed together with its attempt (``refresh_attempts``).
This module must not know when a circuit opens; ``rules.refresh.circuit`` does.
"""

from sqlalchemy import RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.rules.refresh.circuit import CircuitFacts, Open
from permsync.store import schema

_circuit = schema.circuit


async def load(
    connection: AsyncConnection, client_digest: bytes, *, lock: bool = False
) -> CircuitFacts | None:
    """The circuit of a client; ``None`` where it was never refused."""
    query = select(_circuit).where(_circuit.c.client_digest == client_digest)
    if lock:
        query = query.with_for_update()
    row = (await connection.execute(query)).mappings().first()
    return circuit_of(row) if row else None


def circuit_of(row: RowMapping) -> CircuitFacts:
    """A circuit as the rules know it."""
    return CircuitFacts(
        failures=row["failures"],
        retry_at=row["retry_at"],
        probe_until=row["probe_until"],
        opened_by=row["opened_by"],
    )


async def save_open(
    connection: AsyncConnection,
    client_digest: bytes,
    plan: Open,
    *,
    host: str,
    account_id: int,
) -> None:
    """Open the circuit, or keep it open, until the next probe may go."""
    values = {
        "host": host,
        "failures": plan.failures,
        "retry_at": func.clock_timestamp() + plan.retry_in,
        "probe_until": None,
        "opened_by": account_id,
        "changed_at": func.clock_timestamp(),
    }
    query = insert(_circuit).values(client_digest=client_digest, **values)
    await connection.execute(
        query.on_conflict_do_update(index_elements=["client_digest"], set_=values)
    )


async def save_shut(connection: AsyncConnection, client_digest: bytes) -> None:
    """Close the circuit; who opened it is remembered."""
    await connection.execute(
        update(_circuit)
        .where(_circuit.c.client_digest == client_digest)
        .values(failures=0, retry_at=None, probe_until=None, changed_at=func.clock_timestamp())
    )


async def load_open(connection: AsyncConnection) -> frozenset[bytes]:
    """The clients whose circuit is open."""
    query = select(_circuit.c.client_digest).where(_circuit.c.retry_at.is_not(None))
    return frozenset((await connection.execute(query)).scalars())
