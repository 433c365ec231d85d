"""What a server holds, seen from outside: its memory, its files, and what it tells of itself at /metrics."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

# More memory than this at the end is growth: so many MB, or this share of it.
MOST_GROWTH_MB = 8.0
MOST_GROWTH_SHARE = 0.05
# Database connections that a pool opened meanwhile, and keeps.
MOST_POOLED = 5


class Sample(NamedTuple):
    """What it holds at a time: MB of memory of its own, files, tasks of its loop, and what clients have open."""

    memory: float
    files: int
    tasks: int
    connections: int
    subscriptions: int
    executions: int
    database: int

    def __str__(self) -> str:
        """Return it for people."""
        return (
            f"{self.connections:,} connections, {self.subscriptions:,} subscriptions by {self.executions} executions, "
            f"{self.memory:.1f} MB, {self.tasks:,} tasks, {self.files:,} files"
        )


class Watch:
    """Looks at one server."""

    def __init__(self, address: str, process: psutil.Process) -> None:
        self._address = address
        self._process = process

    async def look(self) -> Sample:
        """Return what it holds now. Raises httpx.TransportError where it does not answer within a minute."""
        # A connection of its own each time, so that none of those that are counted is kept.
        async with httpx.AsyncClient(timeout=60, verify=False) as client:
            told = (await client.get(f"http://{self._address}/metrics", headers={"connection": "close"})).text
        families = text_string_to_metric_families(told)
        values = {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in families
            for sample in family.samples
        }
        return Sample(
            self._process.memory_full_info().uss / 1e6,
            self._process.num_fds(),
            int(values["vedette_event_loop_tasks",]),
            int(values["vedette_api_open", "connections"]),
            int(values["vedette_api_open", "subscriptions"]),
            int(values["vedette_api_shared_executions",]),
            int(values["vedette_database_pool_in_use", "api"]),
        )


def left_over(before: Sample, after: Sample) -> list[str]:
    """Return what a server still holds after all clients are gone."""
    open_now = {"connections": after.connections, "subscriptions": after.subscriptions, "executions": after.executions}
    left = [f"{count} {what}" for what, count in open_now.items() if count]
    if after.database:
        left.append(f"{after.database} database connections in use")
    if after.tasks > before.tasks:
        left.append(f"{after.tasks - before.tasks} tasks")
    if after.files > before.files + MOST_POOLED:
        left.append(f"{after.files - before.files} files")
    return left


class Memory(NamedTuple):
    """The memory of a server while clients came and went, in MB: the medians of the middle third and of the last."""

    middle: float
    last: float

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> "Memory":
        """Judge samples at even distances, of which the first third is for warming up; there are three at least."""
        third = max(1, len(samples) // 3)
        held = [sample.memory for sample in samples]
        return cls(statistics.median(held[third : 2 * third]), statistics.median(held[-third:]))

    @property
    def is_flat(self) -> bool:
        """Tell whether the last is not much more than the middle: MOST_GROWTH_MB, or MOST_GROWTH_SHARE of it."""
        return self.last - self.middle <= max(MOST_GROWTH_MB, MOST_GROWTH_SHARE * self.middle)
