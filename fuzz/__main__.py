"""Fuzz a server of its own for some minutes: `python -m fuzz --minutes 10 --seed 1`; exit code 1 if anything was wrong.

Half of the time is for what is malformed, by several clients at once, the other half for schemathesis: sound operations
with every kind of value. In the end the server must answer as it did, without a trace of an unexpected error in its
log, and hold not much more memory than after the first tenth.
"""

import argparse
import asyncio
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from fuzz.attack import Attack
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations import migrating

CLIENTS = 4
MOST_GROWTH_MB = 32.0
SHOWN = 5
# What Python says of errors that nobody caught, and of work that was begun and forgotten.
TRACES = re.compile(
    "Traceback|never awaited|never retrieved|Task was destroyed|Exception ignored|ResourceWarning|RuntimeWarning"
)


async def _attack(attack: Attack, until: float) -> None:
    while time.monotonic() < until:
        await attack.once()


async def _malformed(address: str, seed: int, seconds: float, server: psutil.Process) -> tuple[list[str], Counter[str]]:
    """Throw what is malformed; return what was wrong, and what was thrown."""
    attacks = [Attack(address, seed + number) for number in range(CLIENTS)]
    began = time.monotonic()
    held: list[float] = []
    for tenth in range(1, 11):
        await asyncio.gather(*(_attack(attack, began + tenth * seconds / 10) for attack in attacks))
        held.append(server.memory_full_info().uss / 1e6)
    faults = [fault for attack in attacks for fault in attack.found.faults]
    grown = held[-1] - held[0]
    if grown > MOST_GROWTH_MB:
        faults.append(f"The server's memory grew by {grown:.0f} MB, more than {MOST_GROWTH_MB:.0f}.")
    print(f"Memory of the server after each tenth, in MB: {', '.join(f'{each:.1f}' for each in held)}")
    return faults, sum((attack.found.outcomes for attack in attacks), Counter())


async def _schemathesis(address: str, seed: int, seconds: float) -> list[str]:
    """Have schemathesis send sound operations; return what it found."""
    words = ["run", f"{address}/graphql", "--checks", "no_surprise", "--max-time", str(max(1, int(seconds)))]
    command = [sys.executable, "-m", "schemathesis.cli", *words, "--seed", str(seed), "--max-examples", "10000"]
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "fuzz.checks"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    return [] if process.returncode == 0 else [printed.decode()]


@contextmanager
def _serving(url: str, log: Path) -> "Iterator[tuple[str, psutil.Process]]":
    """Yield the address of a server over a database, and its process."""
    with log.open("wb") as said:
        command = [sys.executable, "-W", "always", "-m", "benchmarks.api_server", url]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


async def fuzz(minutes: float, seed: int, folder: Path) -> list[str]:
    """Fuzz a server over a database in `folder`; return what was wrong."""
    log = folder / "server.log"
    async with EmbeddedPostgres(folder / "home") as postgres:
        await migrating.migrate(postgres.url)
        with _serving(postgres.url, log) as (address, process):
            seconds = minutes * 30
            faults, outcomes = await _malformed(address, seed, seconds, process)
            for outcome, count in sorted(outcomes.items()):
                print(f"  {count:8,} {outcome}")
            faults += await _schemathesis(address, seed, seconds)
    text = log.read_text(errors="replace")
    trace = TRACES.search(text)
    return faults if trace is None else [*faults, text[max(0, trace.start() - 500) : trace.start() + 4000]]


def main() -> int:
    """Parse the command line and fuzz."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Throw malformed requests at a server.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    asked = parser.parse_args()
    print(f"Fuzzing for {asked.minutes:g} minutes with --seed {asked.seed}")
    with tempfile.TemporaryDirectory(prefix="vedette-fuzz-") as folder:
        faults = asyncio.run(fuzz(asked.minutes, asked.seed, Path(folder)))
    for fault in faults[:SHOWN]:
        print(fault)
    print(f"{len(faults)} faults." if faults else "Nothing was wrong: no 5xx, no hang, no surprise, memory flat.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
