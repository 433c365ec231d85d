"""Whatever becomes of an execution, no coroutine of it is left that was made and never awaited, and none goes on."""

import asyncio
import gc
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import graphql
import pytest
import strawberry
import uvloop
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from unit.graphql.plans.nasty import SCHEMA, root
from vedette.graphql.plans import PlannedExecutor


class Planned(PlannedExecutor, StrawberryGraphQLCoreExecutionContext):
    pass


@contextmanager
def nothing_left() -> Iterator[None]:
    """Fail where the garbage collector, or Python's end, would tell of coroutines that were never awaited."""
    gc.collect()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        yield
        gc.collect()
    assert [str(one.message) for one in told] == []


class Told:
    """What resolvers have begun and ended."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []


@strawberry.type
class Leaf:
    """What there is below."""

    @strawberry.field
    async def slow(self, info: strawberry.Info, name: str = "slow", turns: int = 3) -> str:
        """Take some turns of the loop."""
        info.context.begun.append(name)
        for _ in range(turns):
            await asyncio.sleep(0)
        info.context.ended.append(name)
        return name

    @strawberry.field
    def bad(self) -> str:
        """Raise at once."""
        raise ValueError("bad")

    @strawberry.field
    async def later_bad(self) -> str:
        """Raise later."""
        await asyncio.sleep(0)
        raise ValueError("bad")


@strawberry.type
class Query:
    """What the root has."""

    @strawberry.field
    async def leaf(self, many: int = 1) -> Leaf | None:
        """Return it, later."""
        await asyncio.sleep(0)
        return Leaf()

    @strawberry.field
    async def leaves(self, many: int = 3) -> list[Leaf]:
        """Return some, later."""
        await asyncio.sleep(0)
        return [Leaf() for _ in range(many)]

    @strawberry.field
    def now(self) -> Leaf | None:
        """Return it at once."""
        return Leaf()

    @strawberry.field
    def bad(self) -> str:
        """Raise at once, where nothing may be null."""
        raise ValueError("bad")


@strawberry.type
class Subscription:
    """What can be followed."""

    @strawberry.subscription
    async def leaves(self) -> AsyncGenerator[Leaf, None]:
        """Tell two."""
        yield Leaf()
        yield Leaf()


OWN: Any = strawberry.Schema(Query, subscription=Subscription)._schema
DOCUMENTS = [
    "{ a: leaf { slow } b: leaf { slow } bad }",
    '{ leaf { a: slow(name: "a") b: slow(name: "b") bad } now { slow bad } }',
    "{ leaves { a: slow laterBad b: slow } now { a: slow laterBad b: slow } }",
    "{ leaves(many: 5) { slow } leaf { slow laterBad } }",
    "{ now { ...f } leaf { ...f } } fragment f on Leaf { a: slow b: slow c: slow }",
]


async def execution(schema: Any, text: str, **options: Any) -> Any:
    execute: Any = graphql.execute
    parsed = graphql.parse(text)
    found = execute(schema, parsed, is_awaitable=optimized_is_awaitable, executor_class=Planned, **options)
    return await found if optimized_is_awaitable(found) else found


async def cancelled_after(turns: int, begin: Callable[[], Awaitable[Any]]) -> bool:
    """Execute for so many turns of the loop, then cancel; tell whether it was done before."""
    task = asyncio.ensure_future(begin())
    for _ in range(turns):
        await asyncio.sleep(0)
    is_done = task.done()
    task.cancel()
    await asyncio.wait([task])
    return is_done


@pytest.mark.parametrize("text", DOCUMENTS)
def test_an_execution_that_is_given_up_at_any_turn_leaves_nothing(text: str) -> None:
    def begin() -> Awaitable[Any]:
        return execution(OWN, text, context_value=Told())

    turns = 0
    with nothing_left():
        while not uvloop.run(cancelled_after(turns, begin)):
            turns += 1
    assert turns > 0


@pytest.mark.parametrize("wrong", [0.0, 0.2])
def test_nor_does_one_over_data_that_is_not_what_it_should_be(wrong: float) -> None:
    text = """{ thing { ...f } must { few { ...f } parts { ...f } } named { name ... on Thing { waits { id } } } }
    fragment f on Thing {
      waits { id } mustWait { id parts { waits { id } } } inRange(of: {}) told twin { waits { id } mustWait { id } }
    }"""

    def of(seed: int) -> Callable[[], Awaitable[Any]]:
        return lambda: execution(SCHEMA, text, root_value=root(Random(seed), wrong))

    with nothing_left():
        for seed in range(4):
            for turns in (0, 1, 3, 1000):
                uvloop.run(cancelled_after(turns, of(seed)))


def test_a_deadline_that_passes_leaves_nothing() -> None:
    async def passed() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await execution(OWN, DOCUMENTS[-1], context_value=Told())

    with nothing_left():
        uvloop.run(passed())


def test_what_the_answer_does_not_need_is_not_begun() -> None:
    told = Told()

    async def answered() -> Any:
        result = await execution(OWN, '{ now { slow(name: "beside") bad } }', context_value=told)
        for _ in range(10):
            await asyncio.sleep(0)
        return result

    with nothing_left():
        result = uvloop.run(answered())
    assert (result.data, [error.message for error in result.errors]) == ({"now": None}, ["bad"])
    assert (told.begun, told.ended) == ([], [])


def test_what_went_on_in_the_background_is_ended_with_the_execution() -> None:
    told = Told()

    async def answered() -> Any:
        text = '{ leaves(many: 1) { slow(name: "beside", turns: 20) bad } leaf { slow } }'
        result = await execution(OWN, text, context_value=told)
        for _ in range(30):
            await asyncio.sleep(0)
        return result

    with nothing_left():
        result = uvloop.run(answered())
    assert (result.data, [error.path for error in result.errors]) == (None, [["leaves", 0, "bad"]])
    assert "beside" in told.begun
    assert told.ended == []


def test_each_item_of_a_subscription_leaves_nothing() -> None:
    async def followed() -> list[Any]:
        document = graphql.parse("subscription { leaves { slow bad } }")
        stream: Any = graphql.subscribe(OWN, document, context_value=Told(), executor_class=Planned)
        if optimized_is_awaitable(stream):
            stream = await stream
        return [item async for item in stream]

    with nothing_left():
        items = uvloop.run(followed())
    assert [len(item.errors) for item in items] == [1, 1]
