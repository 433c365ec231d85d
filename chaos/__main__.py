"""`python -m chaos`: three evaluators, two launchers, two servers, one `kill -9` a second; exit code 1 if it shows."""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from anyio.from_thread import start_blocking_portal

from chaos.invariants import Verdict
from chaos.processes import Process, wait_until
from chaos.trial import Trial
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations.migrating import migrate

EVALUATES, LAUNCHES, SERVES = 3, 2, 2


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def read_arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=None, help="stop after this long (default: when --kills is)")
    parser.add_argument("--kills", type=int, default=100, help="stop after this many kills")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two kills")
    parser.add_argument("--events", type=float, default=8.0, help="events a second")
    parser.add_argument("--seed", type=int, default=None, help="the order of the kills (default: random, and printed)")
    parser.add_argument("--keep", type=Path, default=None, help="a new folder for logs, kept; default: removed")
    return parser.parse_args()


def kill_at_random(trial: Trial, arguments: argparse.Namespace, dice: random.Random) -> int:
    """Kill one process a pause, and start another in its place; return how many kills there were."""
    began = time.monotonic()
    kills = 0
    while kills < arguments.kills and (arguments.seconds is None or time.monotonic() - began < arguments.seconds):
        time.sleep(max(0.0, began + (kills + 1) * arguments.pause - time.monotonic()))
        victim = dice.choice(trial.fleet.processes)
        if not victim.is_alive:
            raise SystemExit(f"{victim.name} ended by itself: {victim.log.read_text()[-2000:]}")
        victim.kill()
        trial.fleet.replace(victim)
        kills += 1
        if kills % 10 == 0:
            say(f"{time.monotonic() - began:6.0f} s  {kills} kills  {len(trial.events.names)} events")
    return kills


def judge(trial: Trial, kills: int, settled: float, verdict: Verdict) -> int:
    """Print what came of it; return the exit code."""
    say(
        f"{kills} kills, {verdict.events} events, {verdict.runs} runs ({verdict.interrupted} of them interrupted, as "
        f"they say), settled {settled:.1f} s after the last kill"
    )
    say(f"{verdict.lost} lost, {verdict.doubled} doubled")
    for problem in verdict.problems:
        say(f"WRONG: {problem}")
    errors = {log.name: log.read_text(errors="replace").count(" ERROR ") for log in trial.fleet.folder.glob("*.log")}
    if any(errors.values()):
        say(f"ERROR lines in logs: { {name: count for name, count in errors.items() if count} }")
    say("FAILED" if verdict.problems else "passed")
    return 1 if verdict.problems else 0


def try_all(folder: Path, url: str, arguments: argparse.Namespace, dice: random.Random) -> int:
    """Run the trial; return the exit code."""
    with Trial(folder, url, serves=SERVES, per_second=arguments.events) as trial:
        trial.start(*["evaluate"] * EVALUATES, *["launch"] * LAUNCHES)
        trial.events.start()
        kills = kill_at_random(trial, arguments, dice)
        wait_until(lambda: all(map(is_ready_or_dead, trial.fleet.processes)), "all processes to work", 60)
        settled = trial.settle()
        return judge(trial, kills, settled, trial.verdict())


def is_ready_or_dead(process: Process) -> bool:
    """Tell whether there is nothing to wait for."""
    return process.is_ready or not process.is_alive


def main() -> None:
    """Run it with a Postgres of its own."""
    arguments = read_arguments()
    seed = random.SystemRandom().randrange(10**6) if arguments.seed is None else arguments.seed
    say(f"seed {seed}: {EVALUATES} evaluate, {LAUNCHES} launch, {SERVES} serve")
    with tempfile.TemporaryDirectory(prefix="vedette-chaos-", ignore_cleanup_errors=True) as temporary:
        folder = arguments.keep or Path(temporary) / "trial"
        folder.mkdir()
        home = Path(temporary) / "home"
        with (
            start_blocking_portal() as portal,
            portal.wrap_async_context_manager(EmbeddedPostgres(home, {"max_connections": "200"})) as postgres,
        ):
            portal.call(migrate, postgres.url)
            sys.exit(try_all(folder, postgres.url, arguments, random.Random(seed)))


if __name__ == "__main__":
    main()
