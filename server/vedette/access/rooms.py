"""How many of a kind there may be at a time, and what is told to whoever is one too many."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from vedette.telemetry import metrics


class Limit(NamedTuple):
    """How much of something there may be; `name` is the setting that says so, or of whom it is."""

    name: str
    most: int
    what: str


class TooMany(Exception):
    """There is no room for one more; the text is one sentence. There may be room again in `seconds`."""

    def __init__(self, limit: Limit, sentence: str, seconds: float = 1.0) -> None:
        super().__init__(sentence)
        self.limit = limit
        self.seconds = seconds
        metrics.API_REFUSED.labels(limit.name).inc()


class Room:
    """Room for so many things of a kind. `sentence` is told where there is none; it may name `most`, `what`, `name`."""

    def __init__(self, limit: Limit, sentence: str) -> None:
        self.limit = limit
        self._sentence = sentence
        self.taken = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take the room of one thing while the block runs. Raises TooMany."""
        if self.taken >= self.limit.most:
            raise TooMany(self.limit, self._sentence.format(**self.limit._asdict()))
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1
