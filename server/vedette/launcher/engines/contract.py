"""What an engine is: something that makes a process for a run and lets the launcher drive it.

The launcher claims, records, cancels and rescues; an engine only executes. Of a claim, which is a run and an epoch, an
engine makes one process at most, whatever fails on the way: user code that began is never begun again but by the next
claim. And no process outlives its launcher's word for longer than a lease.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from vedette.domain.events import RunEvent
from vedette.domain.runs import RunInstruction
from vedette.errors import VedetteError
from vedette.hosts.run_process import RunDied, RunExit, RunRefused

__all__ = ["CannotPrepare", "Changes", "Engine", "RunDied", "RunExit", "RunOrder", "RunProcess", "RunRefused"]


class CannotPrepare(VedetteError):
    """No process can be made for the run now, and the run is not to blame: it is queued again."""


@dataclass(frozen=True, slots=True)
class RunOrder:
    """A claimed run, as an engine gets it; `epoch` grows with each claim."""

    code_location: str
    instruction: RunInstruction
    epoch: int

    @property
    def key(self) -> str:
        """Return what names this claim of the run, and no other."""
        return f"vedette-{self.instruction.run_id}-{self.epoch}"


class RunProcess(Protocol):
    """A process made for one run. It begins no user code before `begin`."""

    async def ready(self) -> Sequence[str]:
        """Return the names of the run's steps once it is prepared.

        Raises RunRefused where the run itself is wrong, RunDied where the process ended before.
        """

    async def begin(self) -> None:
        """Let user code begin; does nothing if the process is gone."""

    def events(self) -> AsyncIterator[Sequence[RunEvent]]:
        """Yield what happens, in order, in batches; ends when the process has ended, of which `exit` has the last ones.

        Only what was asked for is taken from the process: a slow reader slows it down.
        """

    async def exit(self) -> RunExit:
        """Wait until the process has ended, for certain; return how."""

    def terminate(self) -> None:
        """Ask it and all that it started to end."""

    def kill(self) -> None:
        """End it and all that it started at once."""


class Changes(Protocol):
    """Tells when an engine can execute other code locations than before."""

    async def wait(self) -> object:
        """Return at the first change since the last wait."""


class Engine(Protocol):
    """Makes processes for runs."""

    def code_locations(self) -> Collection[str]:
        """Return the names of the code locations whose runs it can execute now; none while it cannot be reached."""

    def listen(self) -> AbstractContextManager[Changes]:
        """Listen for changes of `code_locations`, from now on."""

    def prepare(self, order: RunOrder) -> AbstractAsyncContextManager[RunProcess]:
        """Make a process for the run; leaving the context ends the process if it still runs, and all that it started.

        Entering waits until there is what the run's job asks for (`compute`); who gives up waiting cancels it.
        Raises CannotPrepare, and RunRefused where what it asks for is wrong.
        """
