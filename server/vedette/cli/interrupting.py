"""Asks something of the outside until it answers or Ctrl-C is pressed."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def is_heeded(number: signal.Signals) -> bool:
    """Tell whether a signal is ours to heed: what whoever started us has us ignore stays ignored.

    Shells without job control have it so for Ctrl-C and what they start in the background; `nohup` for hang-ups.
    """
    return signal.getsignal(number) is not signal.SIG_IGN


def run_until_interrupted(runner: asyncio.Runner, coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it; Ctrl-C cancels it. Raises KeyboardInterrupt then.

    `Runner.run` promises the same by a handler of Python's, which the main thread runs once the loop's wait has ended:
    a signal that comes just before that wait does not end it, and is heard only when something else does. The loop's
    own handlers end it (`signal.set_wakeup_fd`).
    """
    if not is_heeded(signal.SIGINT):
        return runner.run(coroutine)
    asked, outcome = runner.run(_until_interrupted(coroutine))
    if asked:
        raise KeyboardInterrupt
    return outcome.result()


async def _until_interrupted(coroutine: Coroutine[Any, Any, T]) -> tuple[bool, asyncio.Task[T]]:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(coroutine)
    asked = asyncio.Event()

    def interrupt() -> None:
        asked.set()
        task.cancel()

    loop.add_signal_handler(signal.SIGINT, interrupt)
    try:
        await asyncio.wait([task])
    finally:
        loop.remove_signal_handler(signal.SIGINT)
    return asked.is_set() and task.cancelled(), task
