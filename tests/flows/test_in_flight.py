"""
Refreshes in flight: bounded, one per account, finished whoever leaves, people first.

Work here is an event to wait for; what it does is nobody's business.
"""

import asyncio
from functools import partial

import pytest

from permsync.flows.in_flight import InFlight, Room, Wish


class Work:
    """Work that runs until it is told to end, and remembers the order of beginnings."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.end = asyncio.Event()

    async def begin(self, number: int) -> int:
        """Begin, and end when everybody may."""
        self.begun.append(number)
        await self.end.wait()
        return number


async def begin_all(
    in_flight: InFlight, work: Work, numbers: range, *, host: str = "host", urgent: bool = False
) -> list[asyncio.Task[int | None]]:
    """Begin so many, each for an account of its own, and let them come as far as they can."""
    tasks = [
        asyncio.create_task(
            in_flight.run(number, partial(work.begin, number), host=host, urgent=urgent)
        )
        for number in numbers
    ]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_no_more_run_at_once_than_the_limit() -> None:
    in_flight, work = InFlight(limit=3), Work()
    tasks = await begin_all(in_flight, work, range(10))
    assert work.begun == [0, 1, 2]

    work.end.set()

    assert await asyncio.gather(*tasks) == list(range(10))


async def test_one_host_gets_no_more_than_its_share() -> None:
    in_flight, work = InFlight(limit=4, limit_each=2), Work()
    slow = await begin_all(in_flight, work, range(4), host="slow")
    quick = await begin_all(in_flight, work, range(10, 12), host="quick")

    assert work.begun == [0, 1, 10, 11]

    work.end.set()
    await asyncio.gather(*slow, *quick)


async def test_who_is_waited_for_comes_before_who_is_merely_due() -> None:
    in_flight, work = InFlight(limit=1), Work()
    due = await begin_all(in_flight, work, range(3))
    waited = await begin_all(in_flight, work, range(10, 12), urgent=True)

    work.end.set()
    await asyncio.gather(*due, *waited)

    assert work.begun == [0, 10, 11, 1, 2]


async def test_one_account_is_worked_on_once_and_the_others_wait_for_that() -> None:
    in_flight, work = InFlight(limit=5), Work()
    first = await begin_all(in_flight, work, range(1))
    second = await begin_all(in_flight, work, range(1))
    assert work.begun == [0]

    work.end.set()

    assert await asyncio.gather(*first, *second) == [0, None]


async def test_who_leaves_stops_nothing() -> None:
    in_flight, work = InFlight(limit=1), Work()
    (task,) = await begin_all(in_flight, work, range(1))

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    ended = asyncio.create_task(in_flight.drain())
    await asyncio.sleep(0)
    assert not ended.done()

    work.end.set()
    await ended


async def test_work_that_fails_gives_its_place_back() -> None:
    async def fail() -> None:
        raise ValueError("no")

    in_flight = InFlight(limit=1)
    for account_id in range(3):
        with pytest.raises(ValueError, match="no"):
            await in_flight.run(account_id, fail, host="host")


async def test_a_place_that_was_given_to_somebody_who_left_is_given_on() -> None:
    room = Room(1)
    await room.enter(Wish(urgent=False))
    left = asyncio.create_task(room.enter(Wish(urgent=True)))
    gone = asyncio.create_task(room.enter(Wish(urgent=True)))
    stays = asyncio.create_task(room.enter(Wish(urgent=False)))
    await asyncio.sleep(0)

    gone.cancel()
    await asyncio.sleep(0)
    room.leave()
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    await asyncio.wait({stays})

    assert stays.exception() is None


async def test_what_waits_for_a_place_when_the_process_ends_begins_no_more() -> None:
    in_flight, work = InFlight(limit=2), Work()
    running = await begin_all(in_flight, work, range(2))
    waiting = await begin_all(in_flight, work, range(2, 5))

    ended = asyncio.create_task(in_flight.drain())
    await asyncio.sleep(0)
    work.end.set()
    await ended

    assert work.begun == [0, 1]
    assert await asyncio.gather(*running) == [0, 1]
    assert all(one.cancelled() for one in (await asyncio.wait(waiting))[0])


class Look:
    """A look that sees something when it is told to, and remembers how often it was begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0
        self.seen = asyncio.Event()

    async def look(self) -> None:
        """Look until there is something to see."""
        self.begun += 1
        try:
            await self.seen.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


async def watch_all(in_flight: InFlight, look: Look, times: int) -> list[asyncio.Task[None]]:
    """Have so many wait for one account."""
    tasks = [asyncio.create_task(in_flight.watch(1, look.look)) for _ in range(times)]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_who_waits_for_work_of_this_process_does_not_look() -> None:
    in_flight, work, look = InFlight(limit=1), Work(), Look()
    tasks = await begin_all(in_flight, work, range(1, 2))
    watching = await watch_all(in_flight, look, times=3)
    work.end.set()
    await asyncio.gather(*tasks, *watching)
    assert look.begun == 0


async def test_who_waits_looks_while_work_of_this_process_waits_for_a_place() -> None:
    """What is under way is another process's, and may end before there is a place here."""
    in_flight, work, look = InFlight(limit=1), Work(), Look()
    tasks = await begin_all(in_flight, work, range(2))
    watching = await watch_all(in_flight, look, times=3)
    look.seen.set()
    await asyncio.gather(*watching)
    assert work.begun == [0]
    work.end.set()
    await asyncio.gather(*tasks)


async def test_all_who_wait_share_one_look_and_the_next_have_another() -> None:
    in_flight, look = InFlight(limit=1), Look()
    watching = await watch_all(in_flight, look, times=3)
    look.seen.set()
    await asyncio.gather(*watching)
    assert look.begun == 1
    await asyncio.gather(*await watch_all(in_flight, look, times=3))
    assert look.begun == 2


async def test_who_comes_while_others_still_leave_a_look_has_another() -> None:
    in_flight, look = InFlight(limit=1), Look()
    watching = await watch_all(in_flight, look, times=1)
    look.seen.set()
    await asyncio.sleep(0)  # it has ended, and the one who waits does not know yet
    look.seen.clear()
    late = asyncio.create_task(in_flight.watch(1, look.look))
    await asyncio.gather(*watching)
    look.seen.set()
    await late
    assert look.begun == 2


async def test_a_look_ends_with_the_last_who_waits_for_it() -> None:
    in_flight, look = InFlight(limit=1), Look()
    *leaving, last = await watch_all(in_flight, look, times=3)
    for one in leaving:
        one.cancel()
    await asyncio.wait(leaving)
    assert look.cancelled == 0
    last.cancel()
    await asyncio.wait([last])
    await asyncio.sleep(0)
    assert (look.begun, look.cancelled) == (1, 1)


async def test_work_that_is_cancelled_frees_its_account_and_is_no_defect() -> None:
    """So the loop ends what still runs when the process has to."""

    async def end() -> None:
        raise asyncio.CancelledError

    defects: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: defects.append(context))
    in_flight, work = InFlight(limit=1), Work()
    with pytest.raises(asyncio.CancelledError):
        await in_flight.run(0, end, host="host")

    work.end.set()
    assert await in_flight.run(0, partial(work.begin, 0), host="host") == 0
    assert defects == []


async def test_who_comes_to_wait_for_what_is_merely_due_hastens_it() -> None:
    in_flight, work = InFlight(limit=1), Work()
    due = await begin_all(in_flight, work, range(4))
    waited = await begin_all(in_flight, work, range(3, 4), urgent=True)

    work.end.set()
    await asyncio.gather(*due, *waited)

    assert work.begun == [0, 3, 1, 2]
