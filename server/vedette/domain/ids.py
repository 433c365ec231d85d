"""Identifiers: UUIDs of version 7 (RFC 9562), so that ids sort by the time they were made, and an id tells that time.

History is partitioned by id. The 12 bits after the milliseconds hold the fraction of the millisecond (method 3 of
section 6.2), fine enough to tell microseconds apart; 62 bits are random.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_VERSION_AND_VARIANT = 0x7 << 76 | 0x2 << 62


def new_id(at: datetime | None = None) -> UUID:
    """Return a new id, made at `at` (aware), or now by this process's clock."""
    microseconds = time.time_ns() // 1000 if at is None else (at - _EPOCH) // _MICROSECOND
    return UUID(int=_at(microseconds) | int.from_bytes(os.urandom(8), "big") >> 2)


def new_ids(count: int) -> list[UUID]:
    """Return that many ids made now, in their order."""
    made = _at(time.time_ns() // 1000)
    random = memoryview(os.urandom(8 * count)).cast("Q")
    return [UUID(int=made | number) for number in sorted(number >> 2 for number in random)]


def first_id(at: datetime) -> UUID:
    """Return the least of all ids made at `at` (aware): those made later are greater, those made before are less."""
    return UUID(int=_at((at - _EPOCH) // _MICROSECOND))


def made_at(of: UUID) -> datetime:
    """Return when an id was made, in UTC, to the millisecond."""
    return _EPOCH + timedelta(milliseconds=of.int >> 80)


def _at(microseconds: int) -> int:
    milliseconds, rest = divmod(microseconds, 1000)
    return (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | rest * 4096 // 1000 << 64 | _VERSION_AND_VARIANT
