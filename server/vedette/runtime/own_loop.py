"""A part of the process on a loop of its own, in a thread of its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

import anyio
import uvloop
from anyio.abc import TaskStatus
from anyio.from_thread import start_blocking_portal

T = TypeVar("T")
Leave = Callable[[], Awaitable[None]]


@asynccontextmanager
async def own_loop(context: Callable[[], AbstractAsyncContextManager[T]]) -> AsyncIterator[T]:
    """Enter `context` on a loop of its own and yield its value; however busy that loop is, this one keeps its time.

    What the context raises, now or later, is raised here. The two share the interpreter's lock, which passes from one
    to the other every few milliseconds.
    """

    async def hold(*, task_status: TaskStatus[tuple[T, Leave]]) -> None:
        leaving = anyio.Event()

        async def leave() -> None:
            leaving.set()

        async with context() as value:
            task_status.started((value, leave))
            await leaving.wait()

    with start_blocking_portal(backend_options={"loop_factory": uvloop.new_event_loop}) as portal:
        ended, (value, leave) = await asyncio.to_thread(portal.start_task, hold)
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(_wait(ended), name="own loop")
            try:
                yield value
            finally:
                portal.start_task_soon(leave)
                # Whoever leaves by cancellation waits as well.
                await asyncio.wait([watching])


async def _wait(ended: "Future[None]") -> None:
    """Wait for the end, which nobody here can hasten; raise what it raised."""
    await asyncio.shield(asyncio.wrap_future(ended))
