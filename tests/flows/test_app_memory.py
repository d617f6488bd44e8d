"""What a process knows of an app: fetched by one for all, kept while good, never shown."""

import asyncio
from itertools import count

from permsync.codehost import Failure, FailureKind
from permsync.flows.app_memory import AppMemory, HeldToken, Kept

AWAY = Failure(FailureKind.UNAVAILABLE)


class Source:
    """Answers when it is let, and counts how often it was asked; time moves with every look."""

    def __init__(self, *answers: str | Failure) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.may_answer = asyncio.Event()
        self._ticks = count()

    async def fetch(self) -> str | Failure:
        self.asked += 1
        await self.may_answer.wait()
        return self.answers.pop(0)

    def clock(self) -> float:
        return float(next(self._ticks))


async def _get(kept: Kept[str], source: Source, *, good: tuple[str, ...] = ()) -> str | Failure:
    return await kept.get(source.fetch, is_good=good.__contains__, clock=source.clock)


async def test_those_who_ask_meanwhile_get_what_the_first_one_fetches() -> None:
    kept, source = Kept[str](), Source("one", "two")
    asking = [asyncio.create_task(_get(kept, source)) for _ in range(5)]
    await asyncio.sleep(0)
    source.may_answer.set()
    assert await asyncio.gather(*asking) == ["one"] * 5
    assert source.asked == 1


async def test_a_fault_is_shared_by_those_who_waited_and_kept_for_nobody_else() -> None:
    kept, source = Kept[str](), Source(AWAY, "one")
    asking = [asyncio.create_task(_get(kept, source)) for _ in range(5)]
    await asyncio.sleep(0)
    source.may_answer.set()
    assert await asyncio.gather(*asking) == [AWAY] * 5
    assert await _get(kept, source) == "one"
    assert source.asked == 2


async def test_what_is_good_is_kept_and_what_is_not_is_fetched() -> None:
    kept, source = Kept[str](), Source("one", "two", "three")
    source.may_answer.set()
    assert await _get(kept, source) == "one"
    assert await _get(kept, source, good=("one",)) == "one"
    assert await _get(kept, source, good=("two",)) == "two"
    kept.forget()
    assert await _get(kept, source, good=("two",)) == "three"


async def test_who_gives_up_while_fetching_leaves_the_next_one_to_fetch() -> None:
    kept, source = Kept[str](), Source("one")
    first, second = (asyncio.create_task(_get(kept, source)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    source.may_answer.set()
    assert await second == "one"
    assert source.asked == 2


def test_each_owner_has_a_place_of_its_own_and_no_number_comes_twice() -> None:
    memory = AppMemory()
    assert memory.token_of("3") is memory.token_of("3")
    assert memory.token_of("3") is not memory.token_of("4")
    assert [memory.next_version() for _ in range(3)] == [1, 2, 3]


def test_a_held_token_is_not_shown() -> None:
    assert "hush" not in repr(HeldToken("hush", 1, 0.0))
