"""Runs coroutines to their end or until the terminal or a supervisor asks to stop."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import uvloop

from vedette.cli.interrupting import is_heeded

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_until_stopped(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run it; the first SIGINT or SIGTERM cancels it and is no failure, the second ends the process at once.

    One that was ignored when the process began stays so.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_stopped(coroutine))


async def _until_stopped(coroutine: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(coroutine)
    heeded = [number for number in SIGNALS if is_heeded(number)]
    stop = _Stop(loop, heeded, task.cancel)
    for number in heeded:
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not stop.asked:
            raise


class _Stop:
    """What the first signal does."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, heeded: Sequence[signal.Signals], cancel: Callable[[], bool]
    ) -> None:
        self._loop = loop
        self._heeded = heeded
        self._cancel = cancel
        self.asked = False

    def __call__(self) -> None:
        self.asked = True
        for number in self._heeded:
            # The kernel's own action needs no loop that still turns, so a second Ctrl-C ends also a blocked process.
            self._loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        self._cancel()
