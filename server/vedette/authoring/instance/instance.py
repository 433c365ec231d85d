"""The instance: what authors ask and tell it."""

from collections.abc import Callable
from typing import NoReturn, Protocol, Self

from vedette.authoring.instance.asking import Ask
from vedette.authoring.instance.assets import InstanceAssets
from vedette.authoring.instance.partitions import InstancePartitions
from vedette.domain.events import RunEvent
from vedette.domain.questions import RecordRun
from vedette.domain.runs import Run
from vedette.errors import InvocationError


class VedetteInstance(InstanceAssets, InstancePartitions):
    """What is recorded of runs and assets, and the keys of dynamic partitions.

    A sensor and an op have it as `context.instance`. A test makes an empty one by `VedetteInstance.ephemeral()`; a
    script takes that of its settings by `VedetteInstance.get()`. It may be asked from any thread. What does not come
    to an answer raises InstanceUnavailable.
    """

    def __init__(self, ask: Ask, close: Callable[[], None] | None = None, *, is_ephemeral: bool = False) -> None:
        """Use `context.instance`, `ephemeral` or `get`."""
        super().__init__(ask)
        self._close = close
        self.is_ephemeral = is_ephemeral

    @classmethod
    def ephemeral(cls) -> "VedetteInstance":
        """Return a new, empty instance with a database of its own, which goes with this process, or with a `with`.

        The server that it is on is started with the first, and the next one is made ahead. Raises DatabaseUnreachable.
        """
        return _openers[0].ephemeral()

    @classmethod
    def get(cls) -> "VedetteInstance":
        """Return the instance that the environment's settings name: VEDETTE_DATABASE_URL, or VEDETTE_HOME.

        Raises InvalidSetting, DatabaseUnreachable, DatabaseOutdated.
        """
        return _openers[0].current()

    def record_run(self, run: Run, events: tuple[RunEvent, ...]) -> None:
        """Record a run that was executed in this process and has ended (for `execute_in_process`)."""
        self._ask(RecordRun(run, events), None)

    def dispose(self) -> None:
        """Let go of it: an ephemeral one is gone then. Does nothing for a context's."""
        close, self._close = self._close, None
        if close is not None:
            close()

    def __enter__(self) -> Self:
        """Use it within the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of it."""
        self.dispose()

    def __getattr__(self, name: str) -> NoReturn:
        """Say of what is not here that it is not; raises AttributeError."""
        there = ", ".join(sorted(one for one in dir(type(self)) if not one.startswith("_")))
        raise AttributeError(f"An instance of Vedette has no {name!r}; it has {there}.")


def checked_instance(instance: VedetteInstance | None, remedy: str) -> VedetteInstance:
    """Return the instance of a context; raises InvocationError with the remedy where it has none."""
    if instance is None:
        raise InvocationError(
            f"Nothing was said of an instance: {remedy} takes one, such as VedetteInstance.ephemeral() in a test."
        )
    return instance


def instance_for_test() -> VedetteInstance:
    """Return a new, empty instance, for a `with`."""
    return VedetteInstance.ephemeral()


class Opener(Protocol):
    """Opens instances: this is the business of a layer that has the database."""

    def ephemeral(self) -> VedetteInstance:
        """Open an empty one."""

    def current(self) -> VedetteInstance:
        """Open that of the settings."""


_openers: list[Opener] = []


def install(opener: Opener) -> None:
    """Make `opener` the one that opens instances."""
    _openers[:] = [opener]
