"""
Counts a run that is over, from what was written on it: outcome, reason, time and requests.

What is decided here: the row is the one truth, whoever closed it. This module must not know
what a run lists.
"""

from permsync.flows.deps import Services
from permsync.model import Run
from permsync.store import run_history


async def count_run(services: Services, run_id: int, *, host: str) -> Run | None:
    """Add the run to the metrics of its host; returns it as it ended."""
    async with services.database.single() as connection:
        run = await run_history.load(connection, run_id)
    if run is None:
        return None
    metrics = services.metrics
    metrics.runs.labels(host, run.state.value).inc()
    metrics.run_requests.labels(host).inc(run.requests)
    if run.failure is not None:
        metrics.run_failures.labels(host, run.failure).inc()
    took = (run.finished_at or run.started_at) - run.started_at
    metrics.run_seconds.labels(host, run.state.value).observe(took.total_seconds())
    return run
