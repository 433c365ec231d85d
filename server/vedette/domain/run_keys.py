"""Run keys: what makes a run unique to its sensor or job, and for how long."""

import enum
from datetime import datetime
from uuid import UUID

import msgspec


class Dedup(enum.StrEnum):
    """For how long a run key holds off other runs with it. What the run that holds the key was asked for with counts.

    FOREVER: one run a key, ever. UNTIL_SUCCESS: the key is free again if its run fails or is canceled. WHILE_ACTIVE:
    the key is free again once its run has ended. TTL: the key is free again after a time, whatever became of its run.
    """

    FOREVER = "FOREVER"
    UNTIL_SUCCESS = "UNTIL_SUCCESS"
    WHILE_ACTIVE = "WHILE_ACTIVE"
    TTL = "TTL"


# What a timestamp takes, with room beside it.
LONGEST_TTL_SECONDS = 1000 * 366 * 24 * 3600.0


class SpentRunKey(msgspec.Struct, frozen=True):
    """A run key that is not free: `scope` is the id of the sensor, or of the job for runs launched by mutation.

    `run_id` is the run that has it since `at`; `expires_at` is when it is free again, where that is known.
    """

    scope: UUID
    run_key: str
    run_id: UUID
    dedup: Dedup
    at: datetime
    expires_at: datetime | None = None
