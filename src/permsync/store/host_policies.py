"""
What the settings last said about openness at each host.

Decisions read the settings themselves; this is kept so that a change of them is seen once,
by whichever process starts first with it. This module must not know what a policy means.
"""

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.store import schema

_SAVE = text("""
INSERT INTO host_policy (host, policy) VALUES (:host, :policy)
ON CONFLICT (host) DO UPDATE SET policy = excluded.policy, changed_at = clock_timestamp()
WHERE host_policy.policy <> excluded.policy
RETURNING host
""")


async def load(connection: AsyncConnection) -> dict[str, str]:
    """The policy of each host that ever had another than its kind's own."""
    found = await connection.execute(select(schema.host_policy.c.host, schema.host_policy.c.policy))
    return {row.host: row.policy for row in found}


async def save(connection: AsyncConnection, *, host: str, policy: str) -> bool:
    """Keep this policy; false where another process has just kept it."""
    about = {"host": host, "policy": policy}
    return (await connection.execute(_SAVE, about)).first() is not None
