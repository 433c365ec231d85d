"""The process of one run: prepares it, waits until its start is recorded, executes it, tells what happens."""

import atexit
import os
import socket
from collections.abc import Callable

import msgspec

from vedette.authoring.definitions import Definitions
from vedette.authoring.instance.instance import VedetteInstance
from vedette.domain.events import RunEvent
from vedette.domain.runs import RunInstruction
from vedette.execution import step_traces
from vedette.execution.errors import describe
from vedette.execution.run import RunExecution
from vedette.hosts.child.asking import RunQuestions
from vedette.hosts.child.events import EventSender
from vedette.hosts.child.frames import Asked, Execute, Finished, FromRun, Go, Ready, ToRun
from vedette.hosts.child.framing import FrameReader, receive
from vedette.hosts.child.output import captured_output
from vedette.hosts.child.process import limit_memory
from vedette.hosts.child.termination import RunCancelled, Termination, die_of_termination

# Made before the fork: to make it is 140 pages that every run would touch.
_DECODER = msgspec.msgpack.Decoder(ToRun)


def execute(connection: socket.socket, definitions: Definitions) -> None:
    """Execute the run that `connection` asks for; return when it has ended, by itself or because it was refused."""
    orders = Orders(connection)
    order = orders.execute()
    instruction = order.instruction
    if order.memory_mb is not None:
        limit_memory(order.memory_mb)
    os.environ["VEDETTE_RUN_ID"] = str(instruction.run_id)
    if instruction.trace is not None:
        os.environ[step_traces.VARIABLE] = instruction.trace
    termination = Termination()
    termination.install()
    try:
        _execute(connection, orders, definitions, instruction, termination)
    except RunCancelled:
        die_of_termination()


def _execute(
    connection: socket.socket,
    orders: "Orders",
    definitions: Definitions,
    instruction: RunInstruction,
    termination: Termination,
) -> None:
    sender = EventSender(connection)

    def emit(event: RunEvent) -> None:
        with termination.shield():
            sender.emit(event)

    def send(frame: FromRun) -> None:
        with termination.shield():
            sender.send(frame)

    instance = VedetteInstance(orders.questions(send))
    try:
        execution = RunExecution(definitions, instruction, interrupts=(RunCancelled,), instance=instance)
    except Exception as error:
        send(Finished(describe(error)))
        return
    send(Ready(execution.steps))

    # What can be made ready is, while the server records the start.
    with captured_output(emit, connection):
        orders.wait_for_go()
        failure = execution.execute(emit)
        # As at the end of a script; what is registered there belongs to the run: its lines are still captured.
        atexit._run_exitfuncs()
    send(Finished(failure))


class Orders:
    """What the server sends to the run's process."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = FrameReader(_DECODER)
        self._frames: list[ToRun] = []

    def execute(self) -> Execute:
        """Wait for the run; without a server there is none, and the process ends."""
        frame = self._next()
        if not isinstance(frame, Execute):
            os._exit(0)
        return frame

    def wait_for_go(self) -> None:
        """Wait until the start of the run is recorded."""
        if not isinstance(self._next(), Go):
            os._exit(0)

    def questions(self, send: Callable[[Asked], None]) -> RunQuestions:
        """Return how user code asks the instance, once no more orders come."""
        return RunQuestions(self._connection, self._reader, send)

    def _next(self) -> ToRun:
        while not self._frames:
            frames = receive(self._connection, self._reader)
            if frames is None:
                os._exit(0)
            self._frames = frames
        return self._frames.pop(0)
