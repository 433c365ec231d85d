import asyncio
import threading
import time
from collections.abc import Callable
from unittest.mock import Mock

import pytest

from vedette.hosts.child.threads import Workers


def nothing() -> None: ...


async def called(workers: Workers, *calls: Callable[[], object]) -> list[object]:
    """Submit all calls at once; return what they return or raise."""
    futures = [asyncio.wrap_future(workers.submit(call)) for call in calls]
    return await asyncio.wait_for(asyncio.gather(*futures, return_exceptions=True), 10)


async def test_calls_that_block_run_side_by_side_up_to_the_limit_and_the_rest_wait() -> None:
    workers, barrier = Workers(asyncio.get_running_loop(), 3, nothing), threading.Barrier(3)
    assert sorted(await called(workers, *[lambda: barrier.wait(10)] * 3), key=repr) == [0, 1, 2]
    running: list[int] = []
    most: list[int] = []

    def work() -> None:
        running.append(1)
        most.append(len(running))
        time.sleep(0.01)
        running.pop()

    await called(workers, *[work] * 30)
    assert max(most) == 3


async def test_short_calls_share_one_thread() -> None:
    # A loop that looks after nothing later: on a busy machine it would find calls waiting, and wake more threads.
    workers = Workers(Mock(spec=asyncio.AbstractEventLoop), 50, nothing)
    idents = set()
    for _ in range(20):
        idents.update(await called(workers, threading.get_ident))
    assert len(idents) == 1


async def test_calls_that_block_hold_nobody_up() -> None:
    workers, released = Workers(asyncio.get_running_loop(), 50, nothing), threading.Event()
    blocked = [asyncio.wrap_future(workers.submit(released.wait, 10)) for _ in range(20)]
    assert await called(workers, lambda: 5) == [5]
    released.set()
    assert await asyncio.wait_for(asyncio.gather(*blocked), 10) == [True] * 20


async def test_what_ends_a_process_ends_only_its_call() -> None:
    workers = Workers(asyncio.get_running_loop(), 1, nothing)

    def leave() -> None:
        raise SystemExit(3)

    future = workers.submit(leave)
    with pytest.raises(SystemExit):
        future.result(10)
    assert workers.submit(lambda: 5).result(10) == 5
