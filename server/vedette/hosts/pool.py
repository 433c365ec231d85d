"""The hosts of one loaded project: evaluations are spread over them, and survive what their neighbours do."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Collection, Coroutine, Iterable, Sequence
from uuid import UUID

from vedette import duties
from vedette.domain.logs import ErrorInfo
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.errors import VedetteError
from vedette.hosts.answers import Answers
from vedette.hosts.assignment import Assignment, OnLog, Settle
from vedette.hosts.attribution import Ending, Verdict, describe_exit, judge, out_of_memory
from vedette.hosts.child.deadlines import overran
from vedette.hosts.child.frames import ChildKind
from vedette.hosts.child.process import OUT_OF_MEMORY
from vedette.hosts.children import ChildExit, Forker, NoChild
from vedette.hosts.host import Host
from vedette.hosts.host_limits import HostLimits
from vedette.telemetry import metrics

LOOK_SECONDS = 0.05
# How long evaluations wait for room in the hosts that there are before one more is made.
PATIENCE_SECONDS = 0.05
RETRY_SECONDS = 0.5
IDLE_SECONDS = 30.0
# Whatever goes on there: an evaluation that went down with so many hosts is not tried for ever.
MOST_LOSSES = 10


class PoolClosed(VedetteError):
    """The hosts were closed before the evaluation ended: evaluate it with those that came after."""


class HostPool:
    """Evaluates with at most `limits.hosts` shared hosts, and single ones for what must be alone.

    A few busy hosts are better than many: what goes to one host together costs least.

    A sensor that harmed a shared host (held it up, overran or killed it) is alone from then on. Evaluations that wait
    for a host wait in the order in which they came.
    """

    def __init__(self, name: str, forker: Forker, limits: HostLimits, answers: Answers) -> None:
        """Make a pool without hosts; `start` forks the first. `name` is that of the project."""
        self._name = name
        self._forker = forker
        self._limits = limits
        self._answers = answers
        self._shared: list[Host] = []
        self._single: set[Host] = set()
        self._open: dict[UUID, Assignment] = {}
        self._waiting: deque[Assignment] = deque()
        self._solitary: set[str] = set()
        self._suspect_lane = asyncio.Semaphore(2 * limits.hosts)
        self._solitary_lane = asyncio.Semaphore(2 * limits.hosts)
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy = asyncio.Event()
        self._growing = False
        self._closed = False

    def start(self) -> None:
        """Fork the first host and watch over all."""
        self._grow()
        self._begin(self._watch())

    def submit(
        self, instructions: Sequence[EvaluationInstruction], settle: Settle, on_log: OnLog | None = None
    ) -> None:
        """Evaluate; whatever goes wrong in user code is in the answers, PoolClosed where nothing was evaluated."""

        def answered(assignment: Assignment, answer: Evaluation | VedetteError) -> None:
            del self._open[assignment.instruction.tick_id]
            if assignment.harmful:
                self._solitary.add(assignment.instruction.sensor_name)
            settle(assignment.instruction.tick_id, answer)

        assignments = [
            Assignment(instruction, answered, on_log, instruction.sensor_name in self._solitary)
            for instruction in instructions
        ]
        self._open.update((one.instruction.tick_id, one) for one in assignments)
        self._dispatch(assignments)

    def give_up(self, tick_ids: Collection[UUID]) -> None:
        """Ask for an end of these evaluations, which are not answered any more; unknown ones are fine."""
        given_up = {self._open.pop(tick_id) for tick_id in tick_ids if tick_id in self._open}
        for assignment in given_up:
            assignment.give_up()
        for host in self._hosts():
            host.give_up(given_up)

    async def close(self, drain_seconds: float) -> None:
        """Take no more, let what is in flight end within `drain_seconds`, end all hosts."""
        self._closed = True
        while self._waiting:
            self._refuse(self._waiting.popleft())
        open_ = [one for host in self._hosts() for one in host.in_flight.values() if not one.done]
        if open_ and drain_seconds:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(drain_seconds):
                    for one in open_:
                        await one.over()
        await self._cancel("pool")
        for host in self._hosts():
            host.end(Ending.CLOSED)
        while attending := self._named("host"):
            await asyncio.wait(attending)

    async def _cancel(self, name: str) -> None:
        tasks = self._named(name)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _named(self, name: str) -> set[asyncio.Task[None]]:
        return {task for task in self._tasks if task.get_name() == name}

    def _hosts(self) -> list[Host]:
        return [*self._shared, *self._single]

    def _begin(self, work: Coroutine[None, None, None], name: str = "pool") -> None:
        _ = duties.begin(work, name, self._tasks)

    def _dispatch(self, assignments: Iterable[Assignment]) -> None:
        for assignment in assignments:
            if self._closed:
                self._refuse(assignment)
            elif assignment.alone:
                self._begin(self._evaluate_alone(assignment))
            else:
                assignment.sent_at = time.monotonic()
                self._waiting.append(assignment)
        self._assign_waiting()

    def _assign(self, host: Host, assignments: Sequence[Assignment]) -> None:
        host.assign(assignments)
        self._busy.set()

    def _assign_waiting(self) -> None:
        """Send what waits to the first hosts that have room; more hosts come once it has waited for PATIENCE."""
        for host in self._shared:
            if not self._waiting:
                return
            batch: list[Assignment] = []
            room = host.room
            while self._waiting and len(batch) < room:
                if not (assignment := self._waiting.popleft()).done:
                    batch.append(assignment)
            if batch:
                self._assign(host, batch)
        if self._waiting and not any(host.room for host in self._shared):
            self._busy.set()
            if self._is_late():
                self._grow()

    def _is_late(self) -> bool:
        idle = not any(host.in_flight for host in self._shared)
        return idle or time.monotonic() - self._waiting[0].sent_at > PATIENCE_SECONDS

    def _grow(self) -> None:
        # One that lags is about to be replaced: its place counts as free.
        healthy = sum(host.ending is None and not host.lagging for host in self._shared)
        if not self._growing and not self._closed and healthy < self._limits.hosts:
            self._growing = True
            self._begin(self._add_shared())

    async def _add_shared(self) -> None:
        try:
            await self._fork(alone=False)
        except NoChild:
            await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._growing = False
        self._assign_waiting()

    async def _fork(self, *, alone: bool) -> Host:
        child = await self._forker.fork(ChildKind.HOST)
        try:
            host = await Host.open(child, self._limits, alone, self._assign_waiting, self._answers)
        except BaseException:
            child.discard()
            raise
        if alone:
            self._single.add(host)
        else:
            self._shared.append(host)
        metrics.HOSTS.labels(self._name).inc()
        self._begin(self._attend(host), "host")
        return host

    async def _evaluate_alone(self, assignment: Assignment) -> None:
        lane = self._solitary_lane if assignment.instruction.sensor_name in self._solitary else self._suspect_lane
        try:
            async with lane:
                if (host := await self._single_host(assignment)) is None:
                    return
                self._assign(host, [assignment])
                await assignment.over()
                host.end(Ending.CLOSED)
        except asyncio.CancelledError:
            self._refuse(assignment)
            raise

    async def _single_host(self, assignment: Assignment) -> Host | None:
        while not assignment.done:
            try:
                return await self._fork(alone=True)
            except NoChild:
                await asyncio.sleep(RETRY_SECONDS)
        return None

    async def _attend(self, host: Host) -> None:
        """Wait for the host's end and see to what was in it."""
        exit_ = await host.ended()
        self._single.discard(host)
        if host in self._shared:
            self._shared.remove(host)
        ending = _ending(host, exit_)
        metrics.HOSTS.labels(self._name).dec()
        metrics.HOST_ENDS.labels(self._name, ending.name).inc()
        left = list(host.in_flight.values())
        suspects = [one for one in left if one.begun_at is not None]
        if ending is Ending.STALLED and len(suspects) == 1:
            suspects[0].harmful = True
        for one in left:
            verdict = judge(
                ending,
                begun=one.begun_at is not None,
                overdue=one in host.overdue,
                alone=host.alone,
                suspects=len(suspects),
                losses=one.losses,
            )
            self._carry_out(verdict, one, host, ending, exit_)
        self._assign_waiting()

    def _carry_out(self, verdict: Verdict, one: Assignment, host: Host, ending: Ending, exit_: ChildExit) -> None:
        if one.done:
            return
        if verdict is Verdict.BLAMED or one.losses >= MOST_LOSSES:
            one.harmful = True
            one.blame(self._error(one, host, ending, exit_))
            return
        if one.reactions:
            # What was handled is not handled again; the rest comes again from the evaluator.
            one.settle(one.so_far())
            return
        one.losses += 1
        one.alone = one.alone or verdict is Verdict.AGAIN_ALONE
        self._dispatch([one])

    def _error(self, one: Assignment, host: Host, ending: Ending, exit_: ChildExit) -> ErrorInfo:
        if ending is Ending.OUT_OF_MEMORY:
            return out_of_memory(self._limits.memory_mb)
        if ending is Ending.OVERRAN:
            return overran(one.instruction.timeout_seconds)
        if host.hung_up:
            return ErrorInfo("ProcessDied", "The process closed its connection to the server during this evaluation.")
        return describe_exit(exit_, "this evaluation")

    def _refuse(self, assignment: Assignment) -> None:
        assignment.settle(PoolClosed("The hosts of this project were closed."))

    async def _watch(self) -> None:
        """Look after deadlines and signs of life while anything is in flight."""
        looked_at = time.monotonic()
        while True:
            if not self._waiting and not any(host.in_flight for host in self._hosts()):
                self._busy.clear()
                await self._busy.wait()
                looked_at = time.monotonic()
            await asyncio.sleep(LOOK_SECONDS)
            now = time.monotonic()
            if now - looked_at > 4 * LOOK_SECONDS:
                await self._catch_up()
            looked_at = now
            for host in self._hosts():
                host.look(now)
            self._assign_waiting()
            self._retire(now)

    async def _catch_up(self) -> None:
        """This process did not listen for a while: answers may lie in the sockets."""
        for host in self._hosts():
            host.forgive()
        await asyncio.sleep(LOOK_SECONDS / 5)

    def _retire(self, now: float) -> None:
        for host in self._shared[1:]:
            if not host.in_flight and now - host.idle_since > IDLE_SECONDS:
                host.end(Ending.CLOSED)


def _ending(host: Host, exit_: ChildExit) -> Ending:
    if exit_.lost:
        return Ending.CLOSED
    if host.ending is not None:
        return host.ending
    return Ending.OUT_OF_MEMORY if exit_.code == OUT_OF_MEMORY else Ending.DIED
