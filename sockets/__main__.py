"""Open many websockets and event streams at a server for minutes: `python -m sockets --clients 1000 --minutes 10`.

Of a hundred clients sixty stay; the others come, follow several things and leave, or vanish, read slowly, or say
nothing. Meanwhile ticks, runs and events of assets happen. The exit code is 1 if a client missed something or got it
twice, or was sent away without being told why; if the server's memory grew, which is that the median of the last third
of the samples is more than 8 MB and more than 5 % above that of the middle third; if it told in its log of errors
that nobody caught; or if it holds anything after they have left: a connection, a subscription, an execution, a
database connection in use, a task or a file (but for the five that its pool keeps) more than before they came.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from sockets.trial import Outcome, Tell, Trial
from sockets.watching import Memory
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations import migrating

LEAST_SECONDS = 10.0


async def _tried(clients: int, minutes: float, folder: Path) -> Outcome:
    async with EmbeddedPostgres(folder / "home") as postgres:
        await migrating.migrate(postgres.url)
        trial = Trial(postgres.url, folder, clients)
        return await trial.run(minutes * 60, Tell(max(LEAST_SECONDS, minutes * 3)))


def _report(outcome: Outcome) -> str:
    memory = Memory.of(outcome.samples)
    most = max(sample.memory for sample in outcome.samples)
    held = [
        f"{outcome.before.memory:.1f} MB before",
        f"{memory.middle:.1f} MB in the middle third",
        f"{memory.last:.1f} MB in the last",
        f"{most:.1f} MB at most",
        f"{outcome.after.memory:.1f} MB after all were gone",
    ]
    lines = [
        f"{outcome.found.items:,} items of `ticks` were received.",
        *(f"  {count:8,} {what}" for what, count in sorted(outcome.found.outcomes.items())),
        f"Memory of the server: {', '.join(held)}.",
        f"Before: {outcome.before}.",
        f"After:  {outcome.after}.",
    ]
    return "\n".join(lines)


def main() -> int:
    """Parse the command line and try it."""
    parser = argparse.ArgumentParser(prog="python -m sockets", description="Open many sockets at a server for minutes.")
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=10)
    asked = parser.parse_args()
    print(f"{asked.clients:,} clients come and go for {asked.minutes:g} minutes", flush=True)
    with tempfile.TemporaryDirectory(prefix="vedette-sockets-") as folder:
        outcome = asyncio.run(_tried(asked.clients, asked.minutes, Path(folder)))
    print(_report(outcome))
    for fault in outcome.faults:
        print(f"Wrong: {fault}")
    print(f"{len(outcome.faults)} faults." if outcome.faults else "Nothing was lost, nothing grew, nothing stayed.")
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
