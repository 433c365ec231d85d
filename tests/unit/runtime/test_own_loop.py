import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from vedette.errors import PortTaken
from vedette.runtime.own_loop import own_loop


async def test_a_blocked_loop_does_not_hold_the_other_up() -> None:
    go_on = threading.Event()

    @asynccontextmanager
    async def blocking() -> AsyncIterator[asyncio.Task[None]]:
        async def block() -> None:
            assert go_on.wait(30)

        yield asyncio.create_task(block())

    async with own_loop(blocking) as blocked:
        # That loop stands still until this one has turned.
        for _ in range(100):
            await asyncio.sleep(0)
        assert not blocked.done()
        go_on.set()


async def test_both_ends_are_on_the_loop_and_in_order() -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def part() -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        try:
            yield "value"
        finally:
            assert asyncio.get_running_loop() is loop is not here
            seen.append("left")

    here = asyncio.get_running_loop()
    async with own_loop(part) as value:
        seen.append(value)
    assert seen == ["value", "left"]


async def test_what_the_context_raises_is_raised_here() -> None:
    @asynccontextmanager
    async def failing() -> AsyncIterator[None]:
        if asyncio.get_running_loop() is not here:
            raise PortTaken("Port 80 is taken.")
        yield

    here = asyncio.get_running_loop()
    with pytest.raises(PortTaken):
        async with own_loop(failing):
            raise AssertionError("never entered")


async def test_an_error_later_ends_the_block() -> None:
    @asynccontextmanager
    async def failing() -> AsyncIterator[asyncio.Event]:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())
            yield asyncio.Event()

    async def fail() -> None:
        await asyncio.sleep(0.01)
        raise LookupError("later")

    with pytest.raises(ExceptionGroup) as caught:
        async with own_loop(failing):
            await asyncio.Event().wait()
    assert caught.group_contains(LookupError, match="later")


async def test_a_cancelled_block_leaves_in_order() -> None:
    left = threading.Event()
    entered = asyncio.Event()

    @asynccontextmanager
    async def part() -> AsyncIterator[None]:
        try:
            yield
        finally:
            left.set()

    async def hold() -> None:
        async with own_loop(part):
            entered.set()
            await asyncio.Event().wait()

    holding = asyncio.create_task(hold())
    await entered.wait()
    holding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holding
    assert left.is_set()
