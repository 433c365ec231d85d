"""Gathers what a sensor's function hands back, to the last item, before anything is done with it."""

import inspect
from collections.abc import AsyncIterable, Awaitable, Generator, Iterable, Mapping
from typing import Any

from vedette.authoring.run_requests import RunRequest
from vedette.authoring.sensor_results import MAX_RUN_REQUESTS, RunReaction, SensorResult, SkipReason
from vedette.authoring.text import shown
from vedette.errors import InvalidResult

_ITEMS = (RunRequest, SkipReason, SensorResult, RunReaction)
# Taking these runs no user code.
TAKEN_AT_ONCE = (*_ITEMS, list, tuple)

Unfinished = Awaitable[Any] | AsyncIterable[Any]


class Collected:
    """The items that the sensor `sensor_name` handed back, in order; a None among them says nothing."""

    def __init__(self, sensor_name: str) -> None:
        """Begin with none."""
        self.sensor_name = sensor_name
        self.items: list[RunRequest | SkipReason | SensorResult | RunReaction] = []

    def take(self, result: object) -> Unfinished | None:
        """Take what the function returned; return what needs a loop to go on, None where all is taken.

        Runs user code where `result` is a generator. Raises InvalidResult, and whatever user code raises.
        """
        if result is None:
            return None
        if isinstance(result, _ITEMS):
            self.items.append(result)
            return None
        if inspect.isawaitable(result) or isinstance(result, AsyncIterable):
            return result
        if isinstance(result, Generator):
            return self._take_generator(result)
        if isinstance(result, Iterable) and not isinstance(result, str | bytes | bytearray | Mapping):
            for item in result:
                self._add(item)
            return None
        raise self._nonsense("returned", result)

    def _take_generator(self, generator: Generator[Any, Any, Any]) -> Unfinished | None:
        try:
            while True:
                self._add(next(generator))
        except StopIteration as stop:
            return self.take(stop.value)
        finally:
            generator.close()

    async def finish(self, unfinished: Unfinished) -> object:
        """Await `unfinished` or drain it; returns what the coroutine returned, which is to be taken in turn."""
        if not isinstance(unfinished, AsyncIterable):
            return await unfinished
        try:
            async for item in unfinished:
                self._add(item)
        finally:
            if inspect.isasyncgen(unfinished):
                await unfinished.aclose()
        return None

    def _add(self, item: object) -> None:
        if item is None:
            return
        if not isinstance(item, _ITEMS):
            raise self._nonsense("yielded", item)
        if len(self.items) >= MAX_RUN_REQUESTS:
            raise too_many(self.sensor_name)
        self.items.append(item)

    def _nonsense(self, verb: str, value: object) -> InvalidResult:
        return InvalidResult(
            f'Sensor "{self.sensor_name}" {verb} {shown(value)} ({type(value).__name__}); it may return or yield'
            " RunRequest, SkipReason or SensorResult, or nothing."
        )


def too_many(sensor_name: str) -> InvalidResult:
    """Return the error of a sensor that asks for more runs than one evaluation may."""
    return InvalidResult(
        f'Sensor "{sensor_name}" asked for more than {MAX_RUN_REQUESTS} runs in one evaluation;'
        " keep a cursor and ask for the rest next time."
    )
