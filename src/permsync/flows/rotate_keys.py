"""
Seals everything anew with the primary key, while refreshes and syncs go on.

It is one more compare-and-set writer (REFRESH I7): it opens a value where it lies and seals
it for the same place, in batches of one short transaction each. Rows that somebody else
holds are passed over first and waited for at the end; a row that moved on meanwhile is
under the primary key already. So it may be killed at any moment and begun again, by several
processes at once. This module must not know which tables there are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from permsync.errors import SealedValueError, SealingKeyError
from permsync.flows.deps import Services
from permsync.model import Sealed
from permsync.store import audit, sealed_values
from permsync.store.audit import Action
from permsync.store.engine import Connection
from permsync.store.sealed_values import REGISTRY, SealedRow, SealedTable
from permsync.telemetry import Event, logger
from permsync.vault import Binding

AT_ONCE = 200
log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Unopened:
    """A row that could not be sealed anew. ``error`` is the code, ``place`` its field."""

    table: str
    place: str
    error: str


@dataclass(frozen=True, slots=True)
class Rotation:
    """
    What a rotation did. ``resealed`` counts values by table, ``left`` those of other keys.

    ``left`` is above the number of ``unopened`` rows where a process still seals with an
    older key.
    """

    key_id: str
    resealed: Mapping[str, int] = field(default_factory=dict)
    unopened: tuple[Unopened, ...] = ()
    left: int = 0


@dataclass(frozen=True, slots=True)
class _Batch:
    last: object
    resealed: int
    unopened: tuple[Unopened, ...]


async def count_outdated(services: Services) -> int:
    """How many values another key than the primary one sealed."""
    async with services.database.begin() as connection:
        uses = await sealed_values.load_uses(connection)
    return sum(use.values for use in uses if use.key_id != services.vault.primary_key_id)


async def rotate_keys(
    services: Services, *, note: Callable[[int], None], at_once: int = AT_ONCE
) -> Rotation:
    """Seal every value anew that needs it; ``note`` is told how many after each batch."""
    rotation = Rotation(services.vault.primary_key_id)
    for sealed in REGISTRY:
        for waits in (False, True):
            rotation = await _rotate_table(
                services, sealed, rotation, waits=waits, at_once=at_once, note=note
            )
    if rotation.resealed:
        async with services.database.begin() as connection:
            entry = audit.Entry(
                action=Action.SEALING_KEY_ROTATED, actor="operator", code=rotation.key_id
            )
            await audit.record(connection, entry)
    return replace(rotation, left=await count_outdated(services))


async def _rotate_table(
    services: Services,
    sealed: SealedTable,
    rotation: Rotation,
    *,
    waits: bool,
    at_once: int,
    note: Callable[[int], None],
) -> Rotation:
    """One walk over the table; the walk that waits meets what the first one passed over."""
    count, after = 0, None
    unopened: tuple[Unopened, ...] = ()
    while True:
        async with services.database.begin() as connection:
            batch = await _reseal_batch(
                services, connection, sealed, after=after, at_once=at_once, waits=waits
            )
        if batch is None:
            break
        after, count, unopened = batch.last, count + batch.resealed, unopened + batch.unopened
        note(batch.resealed)
    if count:
        total = rotation.resealed.get(sealed.name, 0) + count
        rotation = replace(rotation, resealed={**rotation.resealed, sealed.name: total})
    # The second walk meets all that did not open in the first.
    return replace(rotation, unopened=rotation.unopened + unopened) if waits else rotation


async def _reseal_batch(
    services: Services,
    connection: Connection,
    sealed: SealedTable,
    *,
    after: object,
    at_once: int,
    waits: bool,
) -> _Batch | None:
    found = await sealed_values.load_outdated(
        connection,
        sealed,
        primary=services.vault.primary_key_id,
        after=after,
        limit=at_once,
        waits=waits,
    )
    if not found:
        return None
    count = 0
    unopened: list[Unopened] = []
    for row in found:
        try:
            values = _resealed(services, sealed, row)
        except (SealedValueError, SealingKeyError) as error:
            unopened.append(_noted(sealed.name, error))
        else:
            await sealed_values.save_resealed(connection, sealed, row, values)
            count += len(values)
    return _Batch(found[-1].key, count, tuple(unopened))


def _resealed(services: Services, sealed: SealedTable, row: SealedRow) -> dict[str, Sealed]:
    anew = {}
    for column, value in row.values.items():
        place = Binding(
            subject=row.subject,
            id=row.id,
            link_id=row.link_id,
            field=sealed.fields[column],
            version=row.version,
        )
        anew[column] = services.vault.seal(services.vault.open(value, binding=place), binding=place)
    return anew


def _noted(table: str, error: SealedValueError | SealingKeyError) -> Unopened:
    event = {
        SealedValueError: Event.SEALED_VALUE_DAMAGED,
        SealingKeyError: Event.SEALING_KEY_MISSING,
    }[type(error)]
    log.warning(event, table=table, place=error.place)
    return Unopened(table=table, place=error.place, error=error.code)
