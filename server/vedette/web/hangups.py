"""Clients that hang up: what was done for them ends."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

T = TypeVar("T")


class HungUp(Exception):
    """The client is gone."""


async def unless_hung_up(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns; it is cancelled when the client hangs up. Raises HungUp."""
    working = asyncio.create_task(work, name="operation")
    watching = asyncio.create_task(hung_up(receive), name="client")
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise HungUp
    finally:
        working.cancel()
        watching.cancel()
        await asyncio.wait({working, watching})


async def hung_up(receive: Receive) -> None:
    """Wait until the client of a request, whose body was read, is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
