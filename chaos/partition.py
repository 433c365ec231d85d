"""One machine is cut off from the database: its work passes to the other, what it goes on doing counts for nothing."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import httpx

from chaos.experiment import ask
from chaos.network import DATABASE, Machine
from chaos.processes import SETTINGS, wait_until
from chaos.trial import Trial
from vedette import keepalive

CUTS: dict[str, Callable[[Machine], None]] = {
    "silence": Machine.silence,
    "unplug": Machine.unplug,
    "database": lambda machine: machine.lose(DATABASE),
}
LEASE_SECONDS = float(SETTINGS["VEDETTE_LEASE_SECONDS"])
# The longest that an answer of a server without its database may take: a connection is tried for as long.
ANSWER_SECONDS = 10.0
# What a busy machine adds to anything.
BUSY_SECONDS = 1.5
# The interval of the sensors with their longest evaluation.
PACE_SECONDS = 0.4 + 0.3
# An idle connection is asked about after a while, and given up after some times.
SILENT_SECONDS = max(keepalive.SILENT_SECONDS, keepalive.IDLE_SECONDS + keepalive.ASK_SECONDS * keepalive.ASKS)
STUCK_SECONDS = 20.0
REJOIN_SECONDS = 15.0
# A third of a lease until the next renewal, a while until the network carries it, and the end of a process.
WORK_ENDED_SECONDS = 10.0
# Of a run that is tried again elsewhere, beyond the cut; that of another ends by what happens to it alone.
WORK_SECONDS = 2.0
ENDLESS_SECONDS = 600.0
PATIENCE_SECONDS = 40.0

LAUNCH = """
mutation($job: String!, $config: JSON!, $tags: [RunTagInput!], $key: String!) {
  launchRun(input: {jobName: $job, runConfig: $config, tags: $tags, idempotencyKey: $key}) { errors { message } }
}
"""
# Of each sensor, what was recorded first of what began after the cut.
_TAKEN_UP = """
SELECT extract(epoch FROM max(first))::float - $1, count(*) FROM (
    SELECT min(started_at) AS first FROM ticks WHERE started_at > to_timestamp($1) AND finished_at IS NOT NULL
    GROUP BY sensor_id
) AS firsts
"""
_SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE client_addr = CAST($1 AS text)::inet"
_HOLDS = """
SELECT count(*) FROM leases JOIN workers ON workers.id = leases.holder WHERE workers.host = $1 AND expires_at > now()
"""


class Answer(NamedTuple):
    """What a server said to `path`, and after how many seconds; code 0 where it said nothing."""

    path: str
    code: int
    seconds: float


@dataclass
class Findings:
    """What was measured, in seconds from the cut or from the healing, and what was found wrong."""

    takeover: float = float("nan")
    first_answer: float = float("nan")
    later_answer: float = float("nan")
    sessions: int = 0
    work_ended: float = float("nan")
    rejoined: float = float("nan")
    events: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        answers = (
            f" its server answered after {self.first_answer:.1f} s at first, then after {self.later_answer:.1f} s;"
        )
        return (
            f"{self.events} events so far; after the cut all sensors were evaluated again in {self.takeover:.1f} s;"
            f"{'' if isnan(self.first_answer) else answers} Postgres kept {self.sessions} sessions of it until it was "
            f"healed; then its runs ended in {self.work_ended:.1f} s, and it evaluated again in {self.rejoined:.1f} s"
        )


class Partition:
    """`one` is cut off for `seconds`, in the way `cut`, while both work on the trial's events."""

    def __init__(self, trial: Trial, folder: Path, one: Machine, two: Machine, cut: str, seconds: float) -> None:
        self._trial = trial
        self._folder = folder
        self._one = one
        self._two = two
        self._cut = cut
        self._seconds = seconds
        self._findings = Findings()

    def run(self) -> Findings:
        """Cut, look, heal, look; return what was found."""
        found = self._findings
        self._trial.events.start()
        events = self._begin_work()
        wait_until(lambda: self._evaluates(self._one), "the one to evaluate", PATIENCE_SECONDS)
        cut_at = time.time()
        CUTS[self._cut](self._one)
        if self._cut == "database":
            self._look_at_answers()
        time.sleep(max(0.0, cut_at + self._seconds - time.time()))
        self._look_at_takeover(cut_at)
        [found.sessions] = self._ask(_SESSIONS, self._one.ip)
        if found.sessions and time.time() - cut_at > SILENT_SECONDS + BUSY_SECONDS:
            found.problems.append(f"Postgres keeps {found.sessions} sessions of a machine that is silent")
        healed_at = time.time()
        self._one.heal()
        wait_until(lambda: self._evaluates(self._one), "the one to evaluate again", PATIENCE_SECONDS)
        found.rejoined = time.time() - healed_at
        self._trial.settle(STUCK_SECONDS)
        found.events = len(self._trial.events.names)
        found.problems += self._trial.verdict().problems
        self._look_at_work(events, healed_at)
        if found.rejoined > REJOIN_SECONDS:
            found.problems.append(f"the one evaluated again only after {found.rejoined:.1f} s")
        return found

    def _begin_work(self) -> list[str]:
        """Have the one work on a run of each job for long, alone with launching meanwhile; return their events."""
        [idle] = [p for p in self._trial.fleet.processes if p.role == "launch" and p.place == self._two.place]
        idle.terminate()
        events = [self._work(job) for job in ("once", "again")]
        self._trial.fleet.replace(idle).wait_ready()
        return events

    def _work(self, job: str) -> str:
        name = f"work-{job}-{self._cut}"
        seconds = ENDLESS_SECONDS if job == "once" else self._seconds + WORK_SECONDS
        config = {"ops": {"handle": {"config": {"name": name, "seconds": seconds}}}}
        tags = [{"key": "event", "value": name}]
        self._trial.events.happened(name)
        # The other's server: ours may only now find that connections of before were lost.
        address = self._trial.fleet.processes[1].address
        wait_until(lambda: _launched(address, job=job, config=config, tags=tags, key=name), name, PATIENCE_SECONDS)
        wait_until(lambda: self._beats(name) != [], f"{name} to begin", PATIENCE_SECONDS)
        return name

    def _beats(self, event: str) -> list[tuple[str, str, float]]:
        """Return where the op of an event was at work: (attempt, machine, when)."""
        path = self._folder / "beats"
        lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        return [(attempt, machine, float(at)) for name, attempt, machine, at in lines if name == event]

    def _evaluates(self, machine: Machine) -> bool:
        return bool(self._ask(_HOLDS, machine.name)[0])

    def _look_at_takeover(self, cut_at: float) -> None:
        seconds, sensors = self._ask(_TAKEN_UP, cut_at)
        self._findings.takeover = seconds
        if sensors != 8:
            self._findings.problems.append(f"only {sensors} of 8 sensors were evaluated after the cut")
        elif seconds > LEASE_SECONDS + 1 + PACE_SECONDS + BUSY_SECONDS:
            self._findings.problems.append(f"a sensor was evaluated again only {seconds:.1f} s after the cut")

    def _look_at_work(self, events: list[str], healed_at: float) -> None:
        mine = [at for event in events for _, machine, at in self._beats(event) if machine == self._one.name]
        self._findings.work_ended = max(mine) - healed_at
        if self._findings.work_ended > WORK_ENDED_SECONDS:
            said = f"runs that another launcher held were at work for {self._findings.work_ended:.1f} s more"
            self._findings.problems.append(said)

    def _look_at_answers(self) -> None:
        address = self._trial.fleet.processes[0].address
        query = {"query": "{ sensors(first: 1) { edges { node { name } } } }"}
        answers: list[Answer] = []
        with httpx.Client(base_url=f"http://{address}", timeout=30) as client:
            for _ in range(2):
                for path in ("/graphql", "/healthz", "/readyz"):
                    began = time.monotonic()
                    sent = client.post(path, json=query) if path == "/graphql" else client.get(path)
                    answers.append(Answer(path, sent.status_code, time.monotonic() - began))
        bad = [answer for answer in answers if answer.code != 503 or answer.seconds > ANSWER_SECONDS + BUSY_SECONDS]
        self._findings.problems += [f"answered {a.code} to {a.path} after {a.seconds:.1f} s" for a in bad]
        self._findings.first_answer = answers[0].seconds
        self._findings.later_answer = max(answer.seconds for answer in answers[3:])

    def _ask(self, statement: str, *values: object) -> Any:
        async def fetch(connection: asyncpg.Connection) -> Any:
            return await connection.fetchrow(statement, *values)

        return self._trial.ask(fetch)


def _launched(address: str, **variables: object) -> bool:
    """Launch a run, once however often it is asked for; False where that is to be asked for again."""
    try:
        ask(address, LAUNCH, **variables)
    except ValueError as error:
        # Of a machine so busy that a process stood still in its transaction for longer than a short lease allows.
        if "UNAVAILABLE" not in str(error):
            raise
        return False
    return True
