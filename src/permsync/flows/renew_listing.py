"""
Applies the word of a host that nothing changed: one row, and no repository or grant is read.

It counts only while the account still has the digest that the validators vouch for; where
another writer cleared it meanwhile, a whole listing follows at once. This module must not
ask a host.
"""

from dataclasses import replace

from permsync.flows.apply_listing import Applied
from permsync.flows.deps import Services
from permsync.model import RunState
from permsync.rules.schedule import cadence, next_sync_in
from permsync.store import asks, runs
from permsync.store.engine import database_now
from permsync.store.runs import ClaimedRun, Tally


async def renew_listing(
    services: Services, run: ClaimedRun, *, digest: bytes, sent: Tally
) -> Applied | None:
    """Date the stored listing anew; ``None`` where the run was fenced meanwhile."""
    durations = services.durations
    async with services.database.begin() as connection:
        account = await runs.lock_claim(connection, run)
        if account is None:
            return None
        stands = await runs.load_digest(connection, account.id) == digest
        now = await database_now(connection)
        asked_at = await runs.load_asked_at(connection, account.user_id)
        due_in = next_sync_in(
            outcome=RunState.SUCCEEDED,
            failures=0,
            every=cadence(asked_at=asked_at, now=now, durations=durations),
            durations=durations,
            jitter=services.chance.jitter(),
        )
        # The host vouched for what was listed last: as many as then.
        tally = replace(sent, total=await runs.load_total(connection, account.id))
        if stands:
            await asks.settle(connection, account.id, before=run.started_at)
            await runs.save_listed(connection, run, listed_to=now, digest=digest, due_in=due_in)
            await runs.finish(connection, run.id, RunState.SUCCEEDED, tally)
            return Applied(RunState.SUCCEEDED, tally)
        settle_in = services.settle_at(account.host)
        await runs.save_unlisted(connection, run, failures=0, due_in=settle_in)
        await runs.finish(connection, run.id, RunState.PARTIAL, sent)
        return Applied(RunState.PARTIAL, sent)
