"""The hosts of one loaded project: evaluations are spread over them, and survive what their neighbours do."""

import asyncio
import time
from collections import deque
from collections.abc import Coroutine

from vedette.domain.logs import ErrorInfo
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.errors import VedetteError
from vedette.hosts.assignment import Assignment, OnLog
from vedette.hosts.attribution import Ending, Verdict, describe_exit, judge, out_of_memory
from vedette.hosts.child.deadlines import overran
from vedette.hosts.child.frames import ChildKind
from vedette.hosts.child.process import OUT_OF_MEMORY
from vedette.hosts.children import ChildExit, Forker, NoChild
from vedette.hosts.host import Host
from vedette.hosts.host_limits import HostLimits

LOOK_SECONDS = 0.05
RETRY_SECONDS = 0.5
IDLE_SECONDS = 30.0
# Whatever goes on there: an evaluation that went down with so many hosts is not tried for ever.
MOST_LOSSES = 10


class PoolClosed(VedetteError):
    """The hosts were closed before the evaluation ended: evaluate it with those that came after."""


class HostPool:
    """Evaluates with at most `limits.hosts` shared hosts, and single ones for what must be alone.

    A sensor that harmed a shared host (held it up, overran or killed it) is alone from then on. Evaluations that wait
    for a host wait in the order in which they came.
    """

    def __init__(self, forker: Forker, limits: HostLimits) -> None:
        """Make a pool without hosts; `start` forks the first."""
        self._forker = forker
        self._limits = limits
        self._shared: list[Host] = []
        self._single: set[Host] = set()
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

    async def evaluate(self, instruction: EvaluationInstruction, on_log: OnLog | None = None) -> Evaluation:
        """Evaluate; whatever goes wrong in user code is in the answer. Raises PoolClosed."""
        answer: asyncio.Future[Evaluation] = asyncio.get_running_loop().create_future()
        assignment = Assignment(instruction, on_log, answer, alone=instruction.sensor_name in self._solitary)
        self._dispatch(assignment)
        try:
            return await answer
        except asyncio.CancelledError:
            for host in (*self._shared, *self._single):
                host.give_up(assignment)
            raise
        finally:
            if assignment.harmful:
                self._solitary.add(instruction.sensor_name)

    async def close(self, drain_seconds: float) -> None:
        """Take no more, let what is in flight end within `drain_seconds`, end all hosts."""
        self._closed = True
        while self._waiting:
            self._refuse(self._waiting.popleft())
        open_ = [one.answer for host in self._hosts() for one in host.in_flight.values() if not one.answer.done()]
        if open_ and drain_seconds:
            await asyncio.wait(open_, timeout=drain_seconds)
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
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _dispatch(self, assignment: Assignment) -> None:
        if self._closed:
            self._refuse(assignment)
        elif assignment.alone:
            self._begin(self._evaluate_alone(assignment))
        elif not self._waiting and (host := self._roomy()) is not None:
            self._assign(host, assignment)
        else:
            self._waiting.append(assignment)
            self._grow()

    def _roomy(self) -> Host | None:
        return next((host for host in self._shared if host.roomy), None)

    def _assign(self, host: Host, assignment: Assignment) -> None:
        host.assign(assignment)
        self._busy.set()

    def _assign_waiting(self) -> None:
        while self._waiting and (host := self._roomy()) is not None:
            assignment = self._waiting.popleft()
            if not assignment.answer.done():
                self._assign(host, assignment)
        if self._waiting:
            self._grow()

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
            host = await Host.open(child, self._limits, alone, self._assign_waiting)
        except BaseException:
            child.discard()
            raise
        if alone:
            self._single.add(host)
        else:
            self._shared.append(host)
        self._begin(self._attend(host), "host")
        return host

    async def _evaluate_alone(self, assignment: Assignment) -> None:
        lane = self._solitary_lane if assignment.instruction.sensor_name in self._solitary else self._suspect_lane
        try:
            async with lane:
                if (host := await self._single_host(assignment)) is None:
                    return
                self._assign(host, assignment)
                await asyncio.wait([assignment.answer])
                host.end(Ending.CLOSED)
        except asyncio.CancelledError:
            self._refuse(assignment)
            raise

    async def _single_host(self, assignment: Assignment) -> Host | None:
        while not assignment.answer.done():
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
        if self._waiting:
            self._grow()

    def _carry_out(self, verdict: Verdict, one: Assignment, host: Host, ending: Ending, exit_: ChildExit) -> None:
        if one.answer.done():
            return
        if verdict is Verdict.BLAMED or one.losses >= MOST_LOSSES:
            one.harmful = True
            one.blame(self._error(one, host, ending, exit_))
            return
        one.losses += 1
        one.alone = one.alone or verdict is Verdict.AGAIN_ALONE
        self._dispatch(one)

    def _error(self, one: Assignment, host: Host, ending: Ending, exit_: ChildExit) -> ErrorInfo:
        if ending is Ending.OUT_OF_MEMORY:
            return out_of_memory(self._limits.memory_mb)
        if ending is Ending.OVERRAN:
            return overran(one.instruction.timeout_seconds)
        if host.hung_up:
            return ErrorInfo("ProcessDied", "The process closed its connection to the server during this evaluation.")
        return describe_exit(exit_, "this evaluation")

    def _refuse(self, assignment: Assignment) -> None:
        if not assignment.answer.done():
            assignment.answer.set_exception(PoolClosed("The hosts of this project were closed."))

    async def _watch(self) -> None:
        """Look after deadlines and signs of life while anything is in flight."""
        looked_at = time.monotonic()
        while True:
            if not any(host.in_flight for host in self._hosts()):
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
