"""
``permsync worker``: background work only; any number of them may come and go.

This module must not know a job.
"""

from permsync.app import open_services
from permsync.cli.lifetime import stop_on_signals
from permsync.cli.running import SettingsFile, read_settings, run
from permsync.config.settings import Settings
from permsync.telemetry import Event, logger
from permsync.worker.kinds import KINDS
from permsync.worker.run import work

log = logger(__name__)


def worker(settings: SettingsFile = None) -> None:
    """Do background work until SIGTERM; what runs ends first."""
    run(_work(read_settings(settings)))


async def _work(settings: Settings) -> None:
    stop = stop_on_signals()
    async with open_services(settings) as services:
        log.info(Event.SERVICE_STARTED, concurrency=settings.worker.concurrency)
        await work(services, kinds=KINDS, concurrency=settings.worker.concurrency, stop=stop)
    log.info(Event.SERVICE_STOPPED)
