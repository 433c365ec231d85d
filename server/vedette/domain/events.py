"""Events of a run: what happened in it, in order."""

import enum
from datetime import datetime
from typing import Any

import msgspec

from vedette.domain.assets import AssetEvent, AssetEventKind
from vedette.domain.logs import ErrorInfo, LogLevel


class RunEventKind(enum.StrEnum):
    """What a run event tells."""

    RUN_QUEUED = "RUN_QUEUED"
    RUN_STARTING = "RUN_STARTING"
    RUN_STARTED = "RUN_STARTED"
    RUN_SUCCESS = "RUN_SUCCESS"
    RUN_FAILURE = "RUN_FAILURE"
    RUN_CANCELING = "RUN_CANCELING"
    RUN_CANCELED = "RUN_CANCELED"
    STEP_STARTED = "STEP_STARTED"
    STEP_SUCCESS = "STEP_SUCCESS"
    STEP_FAILURE = "STEP_FAILURE"
    STEP_RETRY = "STEP_RETRY"
    STEP_SKIPPED = "STEP_SKIPPED"
    ASSET_MATERIALIZATION = "ASSET_MATERIALIZATION"
    ASSET_OBSERVATION = "ASSET_OBSERVATION"
    ASSET_CHECK = "ASSET_CHECK"
    LOG = "LOG"
    ENGINE = "ENGINE"


# The kinds of events that tell of assets.
OF_ASSETS = {
    AssetEventKind.MATERIALIZATION: RunEventKind.ASSET_MATERIALIZATION,
    AssetEventKind.OBSERVATION: RunEventKind.ASSET_OBSERVATION,
    AssetEventKind.CHECK: RunEventKind.ASSET_CHECK,
}


class RunEvent(msgspec.Struct, frozen=True):
    """One event. `step` names the op it belongs to; `level` and `logger` are set on LOG events only.

    `asset` is set on events of assets; where they are read again, it is in `data`.
    """

    at: datetime
    kind: RunEventKind
    step: str | None = None
    message: str | None = None
    level: LogLevel | None = None
    logger: str | None = None
    error: ErrorInfo | None = None
    data: dict[str, Any] | None = None
    asset: AssetEvent | None = None
