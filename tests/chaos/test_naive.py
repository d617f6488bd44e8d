"""
The harness catches a client that is wrong: real processes, real faults, a naive refresh.

Without these tests a table without a violation would say little.
"""

from collections.abc import AsyncIterator

import pytest

from tests.chaos import link_faults, network_faults, process_faults
from tests.chaos import wire_faults as wire
from tests.chaos.cell import Result, play
from tests.chaos.faults import Fault
from tests.chaos.lanes import BY_NAME
from tests.chaos.site import Place, site
from tests.journeys.places import own_folder


@pytest.fixture(scope="module")
async def place() -> AsyncIterator[Place]:
    with own_folder() as folder:
        async with site(folder, [BY_NAME["strict"]]) as places:
            yield places["strict"]


async def play_naively(place: Place, fault: Fault) -> Result:
    """The cell, where the victim and everybody else is the naive client."""
    return await play(place, await place.caller(), fault, asking="ask_naively", probe=False)


async def test_one_refusal_taken_for_the_end_is_called_falsely_dead(place: Place) -> None:
    refused = Fault("refused", network_faults.on_the_wire(wire.refuse_spuriously), 2)
    result = await play_naively(place, refused)
    assert result.falsely_dead == 1
    assert "falsely dead" in result.broken


async def test_a_write_without_compare_and_set_is_called_overwritten(place: Place) -> None:
    relinked = Fault("re-linked", link_faults.after_hosts_commit(link_faults.link_again))
    result = await play_naively(place, relinked)
    assert result.overwritten == 1


async def test_processes_that_take_no_claim_are_caught_posting(place: Place) -> None:
    result = await play_naively(place, Fault("crowd", process_faults.crowd(2, callers=2)))
    assert any("POSTs" in word for word in result.broken)


async def test_the_product_keeps_its_promises_under_the_same_fault(place: Place) -> None:
    refused = Fault("refused", network_faults.on_the_wire(wire.refuse_spuriously), 2)
    result = await play(place, await place.caller(), refused)
    assert (result.accounts, result.broken) == (1, ())
