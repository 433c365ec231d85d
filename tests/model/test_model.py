"""Whatever people, evaluators, launchers and crashes do in whatever order: Vedette is where the reference is.

One process, one step at a time, on a real Postgres. MODEL_EXAMPLES says how many histories to try (default 30); a
failing one is shrunk to the shortest that shows it.
"""

import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from anyio.from_thread import BlockingPortal
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from model.reference import Request, Sensor, World
from model.system import Flight, System
from vedette.domain.run_keys import Dedup
from vedette.domain.runs import FINISHED, RunStatus
from vedette.storage.database import Database
from vedette.storage.runs.run_queue import ClaimedRun

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "30"))
NAMES = ("a", "b")
names = st.sampled_from(NAMES)
statuses = st.sampled_from(("RUNNING", "STOPPED"))
cursors = st.sampled_from((None, "", "1", "2", "3"))
keys = st.sampled_from((None, "k1", "k2", "k3"))
happenings = st.sampled_from(("edit", "crash", "reset", "unload", "RUNNING", "STOPPED"))
dedups = st.sampled_from(list(Dedup))
asked = st.lists(st.tuples(st.sampled_from(("once", "again")), keys, dedups), max_size=3)
Asked = list[tuple[str, str | None, str]]


class Machine(RuleBasedStateMachine):
    """Every rule does the same to the system and to the reference."""

    def __init__(self, portal: BlockingPortal, database: Database) -> None:
        super().__init__()
        self.portal = portal
        self.world = World(NAMES)
        self.system = System(database, f"location-{uuid4().hex}")
        # What is under way: by sensor, and what was when its evaluator was lost.
        self.flights: dict[str, tuple[Flight, Sensor, int]] = {}
        self.zombies: list[tuple[str, Flight, Sensor, int]] = []
        self.last: tuple[Any, ...] | None = None
        # Claims by label, with the number of the run's claims then and of its events so far.
        self.claims: dict[str, list[tuple[ClaimedRun, int, int]]] = {}
        self.begun: set[tuple[str, int]] = set()
        self.labels = 0

    def do(self, step: Any, *arguments: Any) -> Any:
        """Do a step of the system."""
        return self.portal.call(step, *arguments)

    def requests(self, asked: Asked) -> list[Request]:
        """Return requests with labels of their own."""
        self.labels += len(asked)
        return [Request(str(self.labels - n), job, key, dedup) for n, (job, key, dedup) in enumerate(asked)]

    @initialize(running=statuses)
    def install(self, running: str) -> None:
        self.deploy(running, "STOPPED", True)
        self.do(self.system.take_over)

    @rule(a=statuses, b=statuses, both=st.booleans())
    def deploy(self, a: str, b: str, both: bool) -> None:
        defaults = {"a": a, "b": b} if both else {"a": a}
        self.do(self.system.deploy, defaults)
        for name, default in defaults.items():
            self.world.sensors[name].deployed(default)
        for name in NAMES:
            self.world.sensors[name].loaded = name in defaults

    @rule(name=names, status=statuses)
    def start_or_stop(self, name: str, status: str) -> None:
        self.do(self.system.set_status, name, status)
        self.world.sensors[name].decided(status, by_person=True)

    @rule(name=names)
    def reset(self, name: str) -> None:
        self.do(self.system.set_status, name, None)
        self.world.sensors[name].decided(self.world.sensors[name].default, by_person=False)

    @rule(name=names, cursor=cursors, off=st.sampled_from((None, 0, 0, 1, -1)))
    def edit_cursor(self, name: str, cursor: str | None, off: int | None) -> None:
        expected = None if off is None else self.world.sensors[name].version + off
        assert self.do(self.system.edit, name, cursor, expected) == self.world.sensors[name].edited(cursor, expected)

    @rule(name=names, shown=st.booleans())
    def begin_tick(self, name: str, shown: bool) -> None:
        if name not in self.flights and self.world.sensors[name].loaded:
            flight = self.portal.call(lambda: self.system.begin(name, shown=shown))
            self.flights[name] = (flight, self.world.snapshot(name), self.world.shift)

    @rule(name=names, cursor=cursors, asked=asked)
    def end_tick(self, name: str, cursor: str | None, asked: Asked) -> None:
        if name in self.flights:
            flight, before, shift = self.flights.pop(name)
            requests = self.requests(asked)
            self.do(self.system.finish, flight, cursor, requests)
            self.world.ticked(name, before, shift, cursor, requests)
            self.last = (flight, cursor, requests)

    @rule(name=names, cursor=cursors, asked=asked, shown=st.booleans(), between=st.lists(happenings, max_size=2))
    def tick_while_things_happen(
        self, name: str, cursor: str | None, asked: Asked, shown: bool, between: list[str]
    ) -> None:
        """A whole evaluation; by single steps alone, chance would seldom put something in the midst of one."""
        self.begin_tick(name, shown)
        for event in between:
            if event == "edit":
                self.edit_cursor(name, "9", None)
            elif event == "crash":
                self.crash_evaluator()
            elif event == "reset":
                self.reset(name)
            elif event == "unload":
                self.deploy("RUNNING", "STOPPED", both=name == "b")
            else:
                self.start_or_stop(name, event)
        self.end_tick(name, cursor, asked)
        if "crash" in between and self.zombies:
            self.zombie_wakes(cursor, asked)
        self.record_again_as_the_answer_was_lost()

    @rule()
    def time_passes(self) -> None:
        self.do(self.system.pass_time)
        self.world.passed()

    @rule(name=names, key=keys.filter(bool))
    def release_a_run_key(self, name: str, key: str) -> None:
        assert self.do(self.system.release, name, key) == self.world.released(name, key)

    @rule(
        job=st.sampled_from(("once", "again")),
        key=keys,
        dedup=dedups,
        between=st.lists(st.sampled_from(("cancel", "crash")), max_size=3),
    )
    def run_while_things_happen(self, job: str, key: str | None, dedup: str, between: list[str]) -> None:
        """A run from the queue to its end, by launchers that are lost at any time and write afterwards."""
        self.launch(job, key, dedup)
        label = str(self.labels)
        for event in [*between, ""]:
            self.claim_runs(4)
            for number in reversed(range(len(self.claims.get(label, [])))):
                self.advance(label, number, twice=True)
            if event == "crash":
                self.crash_launcher()
            elif event == "cancel" and label in self.world.runs:
                self.cancelled(label)

    @rule()
    def record_again_as_the_answer_was_lost(self) -> None:
        if self.last is None:
            return
        flight, cursor, requests = self.last
        newest = self.do(self.system.sensor, self.name_of(flight)).state.last_tick_at
        if newest == flight.tick.started_at:
            self.do(self.system.finish, flight, cursor, requests)

    @rule()
    def crash_evaluator(self) -> None:
        self.zombies += [(name, *flight) for name, flight in self.flights.items()]
        self.flights.clear()
        self.do(self.system.take_over)
        self.world.shift += 1

    @precondition(lambda self: self.zombies)
    @rule(cursor=cursors, asked=asked)
    def zombie_wakes(self, cursor: str | None, asked: Asked) -> None:
        name, flight, before, shift = self.zombies.pop()
        requests = self.requests(asked)
        self.do(self.system.finish, flight, cursor, requests)
        self.world.ticked(name, before, shift, cursor, requests)

    @rule(job=st.sampled_from(("once", "again")), key=st.sampled_from((None, "h1", "h2")), dedup=dedups)
    def launch(self, job: str, key: str | None, dedup: str) -> None:
        [request] = self.requests([(job, None if key is None else f"{job}-{key}", dedup)])
        self.do(self.system.launch, request)
        self.world.launched(request)

    @precondition(lambda self: self.world.runs)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self.cancelled(data.draw(st.sampled_from(sorted(self.world.runs))))

    def cancelled(self, label: str) -> None:
        """Cancel a run."""
        self.do(self.system.cancel, label)
        self.world.cancelled(label)

    @rule(limit=st.integers(1, 4))
    def claim_runs(self, limit: int) -> None:
        queued = sum(run.status == "QUEUED" for run in self.world.runs.values())
        claimed = self.do(self.system.claim, limit)
        assert len(claimed) == min(limit, queued)
        self.world.claimed(list(claimed))
        for label, claim in claimed.items():
            self.claims.setdefault(label, []).append((claim, self.world.runs[label].claims, claim.event_count))

    @precondition(lambda self: any(self.claims.values()))
    @rule(data=st.data(), twice=st.booleans())
    def advance_a_claimed_run(self, data: st.DataObject, twice: bool) -> None:
        label = data.draw(st.sampled_from(sorted(label for label, claims in self.claims.items() if claims)))
        self.advance(label, data.draw(st.integers(0, len(self.claims[label]) - 1)), twice=twice)

    def advance(self, label: str, number: int, *, twice: bool) -> None:
        """Whoever has a claim takes the run a step further; who has lost it meanwhile writes nothing."""
        claim, claims, events = self.claims[label][number]
        run = self.world.runs[label]
        steps = self.steps(claim, claims, run.status, canceling=run.canceling)
        if not steps:
            return
        held = run.claims == claims and run.status in ("STARTING", "STARTED")
        for _ in range(1 + twice):
            assert self.do(self.system.tell, claim, events, *steps) == held
        if held:
            run.status = steps[-1].value
            if steps[-1] in FINISHED:
                self.world.ended(label, run.status)
            # Who has told the end of a run lets it go.
            ended = run.status in ("SUCCESS", "CANCELED")
            self.claims[label][number : number + 1] = [] if ended else [(claim, claims, events + len(steps))]
        if held and run.status == "STARTED":
            assert (label, run.attempt) not in self.begun, "an attempt began twice"
            self.begun.add((label, run.attempt))

    @staticmethod
    def steps(claim: ClaimedRun, claims: int, status: str, *, canceling: bool) -> tuple[RunStatus, ...]:
        """Return the states that a launcher would tell next of a run in `status`."""
        if canceling and status in ("STARTING", "STARTED"):
            return (RunStatus.CANCELING, RunStatus.CANCELED)
        return {"STARTED": (RunStatus.SUCCESS,)}.get(status, (RunStatus.STARTED,))

    @rule()
    def crash_launcher(self) -> None:
        self.do(self.system.rescue)
        self.world.lost()

    @invariant()
    def agree(self) -> None:
        found, runs, unsound = self.do(self.system.seen)
        assert unsound == []
        expected = {name: self.world.sensors[name] for name in found}
        assert found == {name: (s.loaded, s.status, s.cursor, s.version) for name, s in expected.items()}
        held = {(name, key): label for name in found for key, (label, _) in self.world.sensors[name].keys.held.items()}
        assert self.do(self.system.held_keys) == held
        assert runs == {label: (run.status, run.attempt) for label, run in self.world.runs.items()}

    def name_of(self, flight: Flight) -> str:
        """Return the name of the sensor of an evaluation."""
        return next(n for n in NAMES if self.do(self.system.sensor, n).id == flight.tick.sensor_id)


@pytest.fixture
def connected(portal: BlockingPortal, database_url: str) -> Iterator[Database]:
    """Connections that live on the loop of `portal`."""
    with portal.wrap_async_context_manager(Database(database_url)) as database:
        yield database


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_vedette_does_what_the_reference_does(portal: BlockingPortal, connected: Database) -> None:
    class Connected(Machine):
        def __init__(self) -> None:
            super().__init__(portal, connected)

    run_state_machine_as_test(
        Connected,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            derandomize="MODEL_EXAMPLES" not in os.environ,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
