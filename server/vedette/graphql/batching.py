"""Loading many things in one statement that are asked for one by one."""

from collections.abc import Awaitable, Hashable
from typing import TypeVar

from strawberry.dataloader import DataLoader

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Loader(DataLoader[K, V]):
    """A DataLoader that goes on where all that was asked for was given up in the turn of the loop it was asked in.

    strawberry ends the task of such a batch before it begins, and lets whoever asks next wait with the batch for ever
    (`Batch._on_future_done` of 0.341.2).
    """

    def load(self, key: K) -> Awaitable[V]:
        """Return the thing of a key, when its batch is loaded."""
        if self.batch is not None and all(task.future.cancelled() for task in self.batch.tasks):
            self.batch = None
        return super().load(key)
