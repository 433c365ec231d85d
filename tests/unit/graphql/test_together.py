"""Queries that are alike share executions, and nobody is answered by one that began before it asked."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.graphql.together import Together


class Reading:
    """What is executed: it reads `committed` when it begins, and answers after some turns of the loop."""

    def __init__(self, turns: int = 3) -> None:
        self.committed = 0
        self.executions = 0
        self.turns = turns

    async def __call__(self) -> int:
        self.executions += 1
        read = self.committed
        for _ in range(self.turns):
            await asyncio.sleep(0)
        return read


async def test_one_goes_on_and_all_who_come_meanwhile_share_the_next() -> None:
    together, reading = Together[int](), Reading()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(50):
            tasks.create_task(together.answer("key", reading))
    assert reading.executions == 2


async def test_other_keys_are_executed_for_themselves() -> None:
    together, reading = Together[int](), Reading()
    async with asyncio.TaskGroup() as tasks:
        for key in range(5):
            tasks.create_task(together.answer(key, reading))
    assert reading.executions == 5


Step = st.tuples(st.sampled_from(["ask", "commit", "leave"]), st.integers(0, 4))


@settings(max_examples=300)
@given(st.lists(Step, max_size=60))
def test_each_reads_what_was_committed_before_it_asked_whoever_goes_away(steps: list[tuple[str, int]]) -> None:
    async def play() -> None:
        together, reading = Together[int](), Reading(turns=4)
        asked: dict[asyncio.Task[int], int] = {}
        for step, turns in steps:
            if step == "ask":
                asked[asyncio.create_task(together.answer("key", reading))] = reading.committed
            elif step == "commit":
                reading.committed += 1
            elif asked:
                list(asked)[turns % len(asked)].cancel()
            for _ in range(turns):
                await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await asyncio.gather(*asked, return_exceptions=True)
        for task, before in asked.items():
            assert task.cancelled() or task.result() >= before

    asyncio.run(play())


async def test_who_goes_away_leaves_the_others_their_answer() -> None:
    together, reading = Together[int](), Reading()
    tasks = [asyncio.create_task(together.answer("key", reading)) for _ in range(4)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[1].cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert Counter(type(end).__name__ for end in ends) == {"CancelledError": 2, "int": 2}


async def test_what_fails_fails_for_each() -> None:
    async def fail() -> int:
        await asyncio.sleep(0)
        raise OSError("no")

    together = Together[int]()
    ends = await asyncio.gather(*(together.answer("key", fail) for _ in range(3)), return_exceptions=True)
    assert [str(end) for end in ends] == ["no"] * 3
    with pytest.raises(OSError, match="no"):
        await together.answer("key", fail)
