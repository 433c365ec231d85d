"""The messages of an engine that executes elsewhere, framed as those of child processes are.

launcher -> driver   Place, Withdraw
driver -> launcher   Connected, Disconnected, Unplaced
agent -> launcher    Hello; Placed | Refused; Ready, Happened, Finished, Asked of the run; Beat; Exited, last
launcher -> agent    Welcome; Execute, Go, Answered for the run; Signal; Beat

The driver is a process beside the launcher: it speaks to the engine's scheduler. The agent is a process that the engine
started on one of its machines: it makes the run's process there, and hands on what that and the launcher say.
"""

from typing import Any

import msgspec

from vedette.domain.compute import ComputeSpec
from vedette.hosts.child.frames import (
    Answered,
    Asked,
    Execute,
    Exited,
    Finished,
    Go,
    Happened,
    Ready,
    Signal,
)

# What somebody who has not said who he is may send.
MOST_HELLO_BYTES = 4096
CONNECT_SECONDS = 10.0
# Of the time that either side waits for a word of the other, how often one is sent.
BEATS_PER_SILENCE = 5


class Ticket(msgspec.Struct, frozen=True):
    """What an agent is given by way of the engine: where its launcher is, and what lets it in, once."""

    host: str
    port: int
    token: str


class Place(msgspec.Struct, tag=True, frozen=True):
    """Have the engine start an agent with `ticket`; `key` names the claim of the run, `options` are for the engine."""

    key: str
    ticket: Ticket
    compute: ComputeSpec
    options: dict[str, Any] = {}


class Withdraw(msgspec.Struct, tag=True, frozen=True):
    """The engine need not start an agent for `key` any more, nor keep what it knows of it."""

    key: str


class Connected(msgspec.Struct, tag=True, frozen=True):
    """The engine can be asked."""


class Disconnected(msgspec.Struct, tag=True, frozen=True):
    """The engine cannot be asked, as `reason` tells."""

    reason: str


class Unplaced(msgspec.Struct, tag=True, frozen=True):
    """No agent was started for `key`; `final` where the run asks for what this engine does not know."""

    key: str
    reason: str
    final: bool = False


class Hello(msgspec.Struct, tag=True, frozen=True):
    """An agent of Vedette `version` on `place` (host and process id) is there for the run of its ticket."""

    token: str
    version: str
    place: str


class Welcome(msgspec.Struct, tag=True, frozen=True):
    """What the agent is to make a process of: the project `target`, whose files have the digest `code`.

    `silence_seconds` is how long it goes on without a word of the launcher.
    """

    run_id: str
    code_location: str
    target: str
    code: str
    memory_mb: int
    storage: str
    load_seconds: float
    silence_seconds: float


class Placed(msgspec.Struct, tag=True, frozen=True):
    """The run's process is there, and waits."""

    pid: int


class Refused(msgspec.Struct, tag=True, frozen=True):
    """There is no process for the run here, as `reason` tells."""

    reason: str


class Beat(msgspec.Struct, tag=True, frozen=True):
    """A sign of life."""


ToDriver = Place | Withdraw
FromDriver = Connected | Disconnected | Unplaced
ToAgent = Welcome | Execute | Go | Answered | Signal | Beat
FromAgent = Hello | Placed | Refused | Ready | Happened | Finished | Asked | Beat | Exited
