"""What a server holds at one moment: memory and descriptors of its processes, tasks, connections, table sizes."""

from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self

import asyncpg
import psutil

from benchmarks.server import MeasuredServer, kind_of

TASKS = "{ instance { workers { role tasks } } }"
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
# A partition counts to its table. Run keys are kept for ever and skips for a day at least: they are history, and grow.
SIZES = """
SELECT coalesce(substring(relname FROM '^.*_skipped'), coalesce(pg_partition_root(oid), oid)::regclass::text) AS name,
    sum(pg_total_relation_size(oid)) / 1e6 AS mb, bool_or(relname = 'run_keys' OR relname ~ '_skipped') AS is_history
FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace GROUP BY 1 ORDER BY 1
"""
DONE = """
SELECT (SELECT sum(tick_count) FROM sensors)::bigint,
    (SELECT coalesce(sum((cursor)::bigint), 0) FROM sensors WHERE name = 'feeder')
        - (SELECT count(*) FROM runs WHERE status IN ('QUEUED', 'STARTING', 'STARTED', 'CANCELING')),
    (SELECT count(*) FROM runs WHERE status = 'FAILURE')
"""


class Sample(NamedTuple):
    """Quantities by name, `at` seconds after the begin; and the work done so far."""

    at: float
    values: dict[str, float]
    ticks: int
    runs: int
    failed: int


class Probe:
    """Looks at a server from outside, over a database connection of its own."""

    def __init__(self, server: MeasuredServer, url: str) -> None:
        self._server = server
        self._url = url

    async def __aenter__(self) -> Self:
        self._connection: Any = await asyncpg.connect(self._url)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.close()

    async def sample(self, at: float) -> Sample:
        """Return what is held now."""
        values = self._of_processes()
        for worker in self._server.query(TASKS)["instance"]["workers"]:
            values[f"tasks of {worker['role']}"] = float(worker["tasks"])
        values["database connections"] = float(await self._connection.fetchval(CONNECTIONS))
        for row in await self._connection.fetch(SIZES):
            what = "history" if row["is_history"] else "table"
            values[f"{what} {row['name']}, MB"] = float(row["mb"])
        ticks, runs, failed = await self._connection.fetchrow(DONE)
        return Sample(at, values, int(ticks or 0), int(runs), int(failed))

    def _of_processes(self) -> dict[str, float]:
        """Return memory and descriptors by kind of process."""
        values: dict[str, float] = {}
        for process in self._server.processes():
            with suppress(psutil.Error):
                kind = kind_of(process)
                memory = process.memory_full_info()
                found = {f"memory of {kind}, MB": memory.pss / 1e6, f"descriptors of {kind}": float(process.num_fds())}
                if kind == "postgres":
                    # Its shared buffers fill up to their fixed size as data comes in; a leak would be private.
                    found["memory of postgres without shared, MB"] = memory.uss / 1e6
                for name, value in found.items():
                    values[name] = values.get(name, 0.0) + value
        return values
