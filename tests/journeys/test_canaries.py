"""
Known secrets go every way that there is, errors and hostile hosts included, and leave by none.

One small world in this process, so that every secret is known: those of the hosts and those
that permsync makes by chance. Afterwards everything that left is searched, in every form
(``tests.search``): the log at its most talkative, figures, traces, pages, API answers, and the
database as a thief of a dump has it. The counter-tests plant a secret in each place. What
leaves a process at its edges, files and standard error, is in ``test_demo``.
"""

import asyncio
import io
import secrets
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from permsync.store.embedded.binaries import find_binaries
from permsync.telemetry import Event, configure_logging, logger
from tests.databases import FreshDatabase
from tests.flows.scenes import everything_stored, rows
from tests.journeys.ways import go_every_way
from tests.own_logging import own_logging
from tests.search import FORMS, forms_of, found_in
from tests.spans import finished_spans, forget_spans
from tests.world import World


@dataclass(slots=True)
class Told:
    """What left the service, by the way that it took, and the secrets it must not hold."""

    ways: dict[str, str]
    secrets: set[str | bytes]
    host_words: set[str | bytes]


async def pg_dump(database: FreshDatabase) -> str:
    """The whole database as a thief of a backup has it."""
    dumping = await asyncio.create_subprocess_exec(
        str(find_binaries() / "pg_dump"), database.dsn, stdout=subprocess.PIPE
    )
    said, _ = await dumping.communicate()
    assert dumping.returncode == 0
    return said.decode()


def traced() -> str:
    """Every finished span with all that it carries."""
    return "\n".join(
        f"{one.name} {dict(one.attributes or {})} {one.status.description}"
        f" {[(event.name, dict(event.attributes or {})) for event in one.events]}"
        for one in finished_spans()
    )


@pytest.fixture
async def told(world: World, database: FreshDatabase) -> AsyncIterator[Told]:
    """Go every way once."""
    with own_logging():
        log = io.StringIO()
        configure_logging(log_format="json", level="DEBUG", stream=log)
        forget_spans()
        stage = await go_every_way(world)
        known = world.simulator.world
        yield Told(
            ways={
                "the log": log.getvalue(),
                "figures": stage.services.metrics.render().decode(),
                "traces": traced(),
                "pages, API answers and what commands print": "\n".join(stage.heard),
                "the tables, audit and queue among them": await everything_stored(
                    world.services.database
                ),
                "a dump": await pg_dump(database),
            },
            secrets={*stage.ours, *known.secrets()},
            host_words=set(known.canaries),
        )


def shown(told: Told, way: str, secret: str | bytes) -> str:
    """Where a secret was found, with what stands around it."""
    text = told.ways[way]
    at = next(at for form in forms_of(secret) if (at := text.find(form)) >= 0)
    return text[max(0, at - 80) : at + 80]


async def test_no_secret_leaves_by_any_way(told: Told) -> None:
    assert len(told.secrets) > 60
    leaks = {way: found_in(text, told.secrets) for way, text in told.ways.items()}
    assert not {
        way: [shown(told, way, one) for one in found] for way, found in leaks.items() if found
    }
    # The search would have seen them: every way was taken, and tells of what went on.
    marks = {
        "the log": Event.SEALED_VALUE_DAMAGED.value,
        "figures": "permsync_unopened_values_total",
        "traces": "host_request",
        "pages, API answers and what commands print": "Linked accounts",
        "the tables, audit and queue among them": "account_linked",
        "a dump": "COPY public.audit_event",
    }
    assert {way for way, mark in marks.items() if mark in told.ways[way]} == set(told.ways)
    # The host's own words are the operator's to read, and nobody else's.
    spoken = {way for way, text in told.ways.items() if found_in(text, told.host_words)}
    assert spoken <= {"the log"}


# Of a token's kind, and of a key's: bytes that are no text.
SECRETS: dict[str, str | bytes] = {
    "a text": 'gho_aB3/+=ü-_.~ "quoted"',
    "bytes": bytes(range(200, 232)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_the_search_finds_a_secret(form: str, secret: str | bytes) -> None:
    plain = secret.encode() if isinstance(secret, str) else secret
    for written in FORMS[form](plain):
        assert found_in(f"before{written}after", [secret]) == [secret]


async def test_the_search_finds_what_is_planted_in_each_place(
    world: World, database: FreshDatabase
) -> None:
    secret = f"planted-{secrets.token_urlsafe(24)}"
    with own_logging():
        log = io.StringIO()
        configure_logging(log_format="json", level="DEBUG", stream=log)
        forget_spans()
        logger(__name__).debug(Event.RUN_STARTED, run=secret)
        world.services.metrics.requests.labels(secret, "2xx").inc()
        await rows(world.services.database, 'INSERT INTO "user" (name) VALUES (:name)', name=secret)
        planted = {
            "the log": log.getvalue(),
            "figures": world.services.metrics.render().decode(),
            "the tables": await everything_stored(world.services.database),
            "a dump": await pg_dump(database),
        }
    assert {way for way, text in planted.items() if found_in(text, [secret])} == set(planted)
    assert found_in(planted["a dump"], [f"not {secret}"]) == []
