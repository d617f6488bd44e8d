"""
Takes a webhook from a host: proved, read, stored, and only then acknowledged.

What is decided here: the order. Nothing of the body outlives this call but ids and a digest;
what follows happens later, in a worker. A host without a secret has no webhooks at all, and
nobody is told which hosts there are. This module must not know a host, nor what a notice
leads to.
"""

from collections.abc import Mapping
from enum import StrEnum

from permsync.codehost.hooks import Reading
from permsync.codehost.notices import NOTICE, is_silent, words_of
from permsync.codehost.signatures import Delivery
from permsync.errors import UnknownError, WebhookRefusedError
from permsync.flows.deps import Services
from permsync.store import queue, webhook_deliveries
from permsync.telemetry import Event, logger

log = logger(__name__)

DRAIN = "drain_webhooks"


class Received(StrEnum):
    """What was made of a delivery; the host is answered well in each case."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    KEPT = "kept"
    OVERFLOWED = "overflowed"


async def receive_webhook(
    services: Services, *, host: str, headers: Mapping[str, str], body: bytes
) -> Received:
    """
    Store a delivery of this host; it has been committed when this returns.

    ``headers`` have lower-case names. Raises ``UnknownError`` where no webhooks are expected,
    and ``WebhookRefusedError`` for a delivery that is not proved.
    """
    configured = services.hosts.get(host)
    hooks = configured.host.hooks if configured is not None else None
    if configured is None or hooks is None or not configured.webhook_secrets:
        raise UnknownError(what="host", name=host)
    delivery = Delivery(headers, body, services.clock.now())
    refusal = hooks.refusal(
        delivery, configured.webhook_secrets, tolerance=services.durations.webhook_age
    )
    if refusal is not None:
        services.metrics.webhooks.labels(host, refusal.value).inc()
        log.warning(Event.WEBHOOK_REFUSED, host=host, reason=refusal.value)
        raise WebhookRefusedError(refusal.value)
    reading = hooks.parse(delivery)
    received = await _store(services, host=host, reading=reading, body=body)
    services.metrics.webhooks.labels(host, received.value).inc()
    log.info(
        Event.WEBHOOK_STORED,
        host=host,
        delivered=reading.event,
        delivery=reading.delivery_id,
        notice=words_of(reading.notice)[NOTICE],
        outcome=received.value,
    )
    return received


async def _store(services: Services, *, host: str, reading: Reading, body: bytes) -> Received:
    async with services.database.begin() as connection:
        stored = await webhook_deliveries.save(
            connection,
            host=host,
            reading=reading,
            body=body,
            backlog_most=services.webhook_backlog,
        )
        if stored.waits:
            await queue.enqueue_round(connection, DRAIN)
            return Received.ACCEPTED
    if is_silent(reading.notice):
        return Received.KEPT
    return Received.DUPLICATE if stored.again else Received.OVERFLOWED
