"""Marks of evaluations that have begun and not ended well, in memory that the server and a host share.

A mark costs no system call (a frame for each would be a third of what a trivial evaluation costs), and it is still
there when the host has died of what it marked.
"""

import mmap
import os
import struct
import time

_TIME = struct.Struct("<d")
_TOKEN = struct.Struct("<Q")
_SIZE = _TIME.size + _TOKEN.size
# Tokens begin above it.
NO_TOKEN = 0


class Marks:
    """Places for as many marks as evaluations may be in flight; that of a token is the remainder by their number."""

    def __init__(self, descriptor: int) -> None:
        """Open the marks behind `descriptor`, which the caller still owns."""
        self._memory = mmap.mmap(descriptor, 0)
        self.places = len(self._memory) // _SIZE

    @staticmethod
    def make(places: int) -> int:
        """Return the descriptor of memory for `places` marks."""
        descriptor = os.memfd_create("vedette-marks")
        os.ftruncate(descriptor, places * _SIZE)
        return descriptor

    def set(self, token: int) -> None:
        """Mark that the evaluation begins now; from any thread."""
        at = token % self.places * _SIZE
        # The time first: whoever sees the token sees its time, or one from before the evaluation was sent.
        _TIME.pack_into(self._memory, at, time.monotonic())
        _TOKEN.pack_into(self._memory, at + _TIME.size, token)

    def clear(self, token: int) -> None:
        """Mark that the evaluation has ended well: should the host die before that is told, it is no suspect."""
        _TOKEN.pack_into(self._memory, token % self.places * _SIZE + _TIME.size, NO_TOKEN)

    def begun_at(self, token: int) -> float | None:
        """Return when the evaluation began, in monotonic seconds (one clock for all processes).

        None where it has not begun, or has ended well.
        """
        at = token % self.places * _SIZE
        marked: int = _TOKEN.unpack_from(self._memory, at + _TIME.size)[0]
        if marked != token:
            return None
        began: float = _TIME.unpack_from(self._memory, at)[0]
        return began

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()
