"""The messages between the server and its child processes: msgpack, each preceded by its length (4 bytes, big endian).

server -> zygote   Fork (with a socket as ancillary data), Signal
zygote -> server   Loaded | LoadFailed, Forked, Exited
server -> host     Evaluate, Cancel, Ping, Leave, Answered
host -> server     Logged, Reacted, Evaluated, Pong, Holding, Asked; what has begun is marked in shared memory (`marks`)
server -> waiter   Wait, Cancel, Ping
waiter -> server   Woken, Pong
server -> run      Execute, Go, Answered
run -> server      Ready, Happened, Finished, Asked
"""

import enum

import msgspec

from vedette.domain.catalog import Catalog
from vedette.domain.events import RunEvent
from vedette.domain.logs import ErrorInfo, LogRecord
from vedette.domain.questions import Question
from vedette.domain.reactions import Reaction
from vedette.domain.runs import RunInstruction
from vedette.domain.ticks import Evaluation, EvaluationInstruction

NIL = msgspec.Raw(msgspec.msgpack.encode(None))


class ChildKind(enum.StrEnum):
    """What a forked child becomes."""

    HOST = "host"
    WAITER = "waiter"
    RUN = "run"


class Fork(msgspec.Struct, tag=True, frozen=True):
    """Fork a child that speaks over the socket passed along; `token` names it in the answers."""

    token: int
    kind: ChildKind


class Signal(msgspec.Struct, tag=True, frozen=True):
    """Send `number` to the process group of the child `token`."""

    token: int
    number: int


class Loaded(msgspec.Struct, tag=True, frozen=True):
    """The project was imported. `forkable` is False where a thread that it started makes forking unsafe."""

    catalog: Catalog
    forkable: bool
    modules: tuple[str, ...] = ()


class LoadFailed(msgspec.Struct, tag=True, frozen=True):
    """The project could not be imported. `modules` are the files that were read so far, to watch for a change."""

    error: ErrorInfo
    modules: tuple[str, ...] = ()


class Forked(msgspec.Struct, tag=True, frozen=True):
    """The child `token` is the process `pid`."""

    token: int
    pid: int


class Exited(msgspec.Struct, tag=True, frozen=True):
    """The child `token` ended: by itself with `code`, or by the signal `signal` (then `code` is None)."""

    token: int
    code: int | None = None
    signal: int | None = None


class Evaluate(msgspec.Struct, tag=True, frozen=True):
    """Evaluate sensors; the answer to each carries the token that comes with its instruction."""

    evaluations: tuple[tuple[int, EvaluationInstruction], ...]


class Cancel(msgspec.Struct, tag=True, frozen=True):
    """Give the evaluation up, if it can be: async code is cancelled, sync code cannot be stopped."""

    token: int


class Ping(msgspec.Struct, tag=True, frozen=True):
    """Answer with a Pong of the same number."""

    number: int


class Pong(msgspec.Struct, tag=True, frozen=True):
    """The host's loop is alive."""

    number: int


class Leave(msgspec.Struct, tag=True, frozen=True):
    """Tear down the resources that live as long as the process, and end."""


class Holding(msgspec.Struct, tag=True, frozen=True):
    """The host holds resources that live as long as it: ask it to leave, rather than kill it."""


class Logged(msgspec.Struct, tag=True, frozen=True):
    """A log line of an evaluation that is still going on."""

    token: int
    record: LogRecord


class Reacted(msgspec.Struct, tag=True, frozen=True):
    """What became of one event of an evaluation that is still going on; it is in the answer again."""

    token: int
    reaction: Reaction
    evaluation: Evaluation


class Evaluated(msgspec.Struct, tag=True, frozen=True):
    """Evaluations that ended, each with its token."""

    answers: tuple[tuple[int, Evaluation], ...]


class Wait(msgspec.Struct, tag=True, frozen=True):
    """Wait until what the sensor watches may have changed since `cursor`; the answer carries the token."""

    token: int
    sensor_name: str
    cursor: str | None


class Woken(msgspec.Struct, tag=True, frozen=True):
    """The wait is over: it may have changed, or the wait failed with `error`."""

    token: int
    error: ErrorInfo | None = None


class Asked(msgspec.Struct, tag=True, frozen=True):
    """User code asks the instance; `token` is the evaluation's, 0 in a run, `number` is that of the question."""

    token: int
    number: int
    question: Question


class Answered(msgspec.Struct, tag=True, frozen=True):
    """The answer to the question `number`, as msgpack of the question's own type; or why there is none."""

    number: int
    answer: msgspec.Raw = NIL
    error: ErrorInfo | None = None


class Execute(msgspec.Struct, tag=True, frozen=True):
    """Prepare this run: resolve the job, validate the config, but begin no user code.

    `memory_mb` is how many MiB each of its processes may take, where that is not what the child was started with.
    """

    instruction: RunInstruction
    memory_mb: int | None = None


class Ready(msgspec.Struct, tag=True, frozen=True):
    """The run is prepared; `steps` are the ops in the order of execution."""

    steps: tuple[str, ...]


class Go(msgspec.Struct, tag=True, frozen=True):
    """It is recorded that the run has started: begin user code."""


class Happened(msgspec.Struct, tag=True, frozen=True):
    """Events of the run, in order."""

    events: tuple[RunEvent, ...]


class Finished(msgspec.Struct, tag=True, frozen=True):
    """The run ended by itself: a success, or the error that ended it."""

    error: ErrorInfo | None = None


ToZygote = Fork | Signal
FromZygote = Loaded | LoadFailed | Forked | Exited
ToHost = Evaluate | Cancel | Ping | Leave | Answered
FromHost = Logged | Reacted | Evaluated | Pong | Holding | Asked
ToWaiter = Wait | Cancel | Ping
FromWaiter = Woken | Pong
ToRun = Execute | Go | Answered
FromRun = Ready | Happened | Finished | Asked
