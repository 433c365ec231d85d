"""The outside world: events that happen at a steady pace, numbered, for every sensor of the project."""

import threading
from pathlib import Path

KINDS = ("cursor_quick", "cursor_slow", "key_quick", "key_slow")
# The sensors of project.py, which cannot be imported where it does not run. With these numbers, their names spread
# over the shards: of two evaluators each has some of every kind.
NUMBERS = (0, 2)
SENSORS = tuple(f"{kind}_{number}" for kind in KINDS for number in NUMBERS)


class Events:
    """Appends events to the files that the sensors read, from `start` until `stop`; `names` lists all so far."""

    def __init__(self, folder: Path, per_second: float) -> None:
        """`per_second`: events of all sensors together."""
        self._folder = folder / "events"
        self._folder.mkdir()
        self._pause = len(SENSORS) / per_second
        self._count = 0
        self._others: list[str] = []
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def names(self) -> list[str]:
        """Return the names of all events that have happened."""
        return [f"{sensor}-{number}" for sensor in SENSORS for number in range(self._count)] + self._others

    def happened(self, name: str) -> None:
        """Take in an event that no sensor sees: somebody asked for its run."""
        self._others.append(name)

    def start(self) -> None:
        """Have events happen."""
        self._stopped.clear()
        self._thread = threading.Thread(target=self._happen, name="events")
        self._thread.start()

    def stop(self) -> None:
        """Have no more of them happen."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _happen(self) -> None:
        while not self._stopped.wait(self._pause):
            for sensor in SENSORS:
                with (self._folder / sensor).open("a") as file:
                    file.write(f"{sensor}-{self._count}\n")
            self._count += 1
