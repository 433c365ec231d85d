"""What this machine has, and how much of it the runs that asked for some of it have taken."""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psutil

from vedette.domain.compute import ComputeSpec
from vedette.launcher.engines.demands import unsatisfiable


def machine(gpus: int) -> ComputeSpec:
    """Return what this machine has: processors this process may use, memory; `gpus` as the settings say."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return ComputeSpec(float(cpus), float(gpus), psutil.virtual_memory().total)


class Capacity:
    """Gives out what there is, first come, first served; a run that asks for nothing takes nothing."""

    def __init__(self, total: ComputeSpec) -> None:
        self._total = total
        self._free = _amounts(total)
        self._waiting: deque[tuple[tuple[float, ...], asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def taken(self, wanted: ComputeSpec) -> AsyncIterator[None]:
        """Wait until there is as much as is wanted, and have it. Raises RunRefused where there never will be."""
        amounts = _amounts(wanted)
        if any(amount > total for amount, total in zip(amounts, _amounts(self._total), strict=True)):
            remedy = "Let its job, or its tags, ask for less; VEDETTE_GPUS says how many graphics processors there are."
            raise unsatisfiable(wanted, self._total, "this machine", remedy)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((amounts, turn))
        self._serve()
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():
                self._free = tuple(free + amount for free, amount in zip(self._free, amounts, strict=True))
            else:
                with suppress(ValueError):  # its turn may have come, and been passed over, just then
                    self._waiting.remove((amounts, turn))
            self._serve()

    def _serve(self) -> None:
        """Let those in front go on, in their order: a large one is not overtaken for ever."""
        while self._waiting:
            amounts, turn = self._waiting[0]
            if any(amount > free for amount, free in zip(amounts, self._free, strict=True)):
                return
            self._waiting.popleft()
            if not turn.done():
                self._free = tuple(free - amount for free, amount in zip(self._free, amounts, strict=True))
                turn.set_result(None)


def _amounts(spec: ComputeSpec) -> tuple[float, ...]:
    return (spec.cpu or 0.0, spec.gpu or 0.0, float(spec.memory_bytes or 0))
