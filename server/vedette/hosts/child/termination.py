"""TERM in a run: it is raised in the main thread as RunCancelled, so that `finally` blocks and context managers run."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from vedette.hosts.child.process import handle_signal


class RunCancelled(KeyboardInterrupt):
    """The run was asked to end (SIGTERM). Like Ctrl-C it passes `except Exception`; KILL follows after a grace."""


class Termination:
    """Raises RunCancelled at the first SIGTERM, but never while a frame is half sent."""

    def __init__(self) -> None:
        self._shielded = 0
        self._asked = False

    def install(self) -> None:
        """Handle SIGTERM from now on; call it in the main thread."""
        handle_signal(signal.SIGTERM, self._handle)

    @contextmanager
    def shield(self) -> Iterator[None]:
        """Put RunCancelled off to the end of the block, where this is the main thread; others it never hits."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._shielded += 1
        try:
            yield
        finally:
            self._shielded -= 1
        if self._asked and not self._shielded:
            self._raise()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        if not self._shielded:
            self._raise()

    def _raise(self) -> None:
        self._asked = False
        # Once is enough: a second one would break into the clean-up that the first one started.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise RunCancelled("The run was asked to end.")


def die_of_termination() -> None:
    """End this process as SIGTERM would have: that is how the server sees that the run was cancelled."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)
