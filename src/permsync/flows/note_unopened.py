"""
Notes that stored tokens did not open, which is ours and the operator's to mend.

What is decided here: the log names account and field, the figure rises, and nothing else
happens. The account keeps its state and its access: a damaged value says nothing about what
the host thinks of the person (REFRESH 1). This module must not know why it was damaged.
"""

from permsync.errors import SealedValueError, SealingKeyError
from permsync.flows.deps import Services
from permsync.telemetry import Event, logger

log = logger(__name__)

# What a failed open raises: the value is damaged, or its key is not configured.
UNOPENED = (SealedValueError, SealingKeyError)


def note_unopened(
    services: Services, error: SealedValueError | SealingKeyError, *, account_id: int, host: str
) -> None:
    """Tell the operator."""
    damaged = isinstance(error, SealedValueError)
    event = Event.SEALED_VALUE_DAMAGED if damaged else Event.SEALING_KEY_MISSING
    services.metrics.unopened_values.labels(host, error.code).inc()
    log.error(event, account=account_id, host=host, place=error.place)
