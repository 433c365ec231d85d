"""What a sensor hands back besides run requests."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from msgspec import UNSET, UnsetType

from vedette.authoring.asset_events import Told
from vedette.authoring.partitions.requests import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
from vedette.authoring.run_requests import RunRequest
from vedette.authoring.text import flaw_of, shown
from vedette.domain.runs import Run, RunStatus
from vedette.errors import InvalidResult

MAX_RUN_REQUESTS = 10_000
MAX_CURSOR_BYTES = 1024 * 1024
MAX_ASSET_EVENTS = 10_000

PartitionsRequest = AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest


@dataclass(frozen=True)
class SkipReason:
    """Nothing to do this time, and why."""

    skip_message: str | None = None

    def __post_init__(self) -> None:
        """Raise InvalidResult for a message that is no text."""
        if self.skip_message is not None and not isinstance(self.skip_message, str):
            raise InvalidResult(f"The message of a SkipReason is a str, not {shown(self.skip_message)}.")


@dataclass(frozen=True)
class RunReaction:
    """The sensor has handled the run it was called for; to hand back nothing says the same.

    With an `error` (any text or exception), it could not, and the run is shown to it again.
    """

    run: Run | None = None
    error: object = None
    run_status: RunStatus | None = None


@dataclass(frozen=True, init=False)
class SensorResult:
    """All that one evaluation has to say, in one value; it must then be the only one.

    `cursor` left out keeps the cursor, None clears it, and "" is a value like any other. `asset_events` are recorded
    with the tick, once. `dynamic_partitions_requests` take effect with it, before its run requests are looked at.
    Raises InvalidResult for requests together with a reason to skip.
    """

    run_requests: tuple[RunRequest, ...]
    skip_reason: SkipReason | None
    cursor: str | UnsetType | None
    asset_events: tuple[Told, ...]
    dynamic_partitions_requests: tuple[PartitionsRequest, ...]

    def __init__(
        self,
        run_requests: Iterable[RunRequest] | None = None,
        skip_reason: str | SkipReason | None = None,
        cursor: str | UnsetType | None = UNSET,
        dynamic_partitions_requests: Iterable[PartitionsRequest] | None = None,
        *,
        asset_events: Iterable[Told] | None = None,
    ) -> None:
        """Take any iterable of requests."""
        reason = SkipReason(skip_reason) if isinstance(skip_reason, str) else skip_reason
        if reason is not None and not isinstance(reason, SkipReason):
            raise InvalidResult(f"skip_reason is a str or a SkipReason, not {shown(reason)}.")
        object.__setattr__(self, "run_requests", _requests(run_requests))
        object.__setattr__(self, "skip_reason", reason)
        object.__setattr__(self, "cursor", cursor if cursor is UNSET else checked_cursor(cursor))
        object.__setattr__(self, "asset_events", _told(asset_events))
        object.__setattr__(self, "dynamic_partitions_requests", _changes(dynamic_partitions_requests))
        if self.run_requests and reason is not None:
            raise InvalidResult("A SensorResult has run_requests or a skip_reason, not both.")


def checked_cursor(cursor: object) -> str | None:
    """Return `cursor` if it can be one; raises InvalidResult otherwise."""
    if cursor is None:
        return None
    if not isinstance(cursor, str):
        raise InvalidResult(
            f"A cursor is a str or None, not {shown(cursor)} ({type(cursor).__name__});"
            " turn it into text first, for instance with json.dumps."
        )
    if flaw := flaw_of(cursor):
        raise InvalidResult(f"The cursor {shown(cursor)} {flaw}.")
    if len(cursor) > MAX_CURSOR_BYTES or len(cursor.encode()) > MAX_CURSOR_BYTES:
        raise InvalidResult(f"The cursor is longer than {MAX_CURSOR_BYTES} bytes; keep the data elsewhere.")
    return cursor


def _requests(run_requests: object) -> tuple[RunRequest, ...]:
    if run_requests is None:
        return ()
    if not isinstance(run_requests, Iterable):
        raise InvalidResult(f"run_requests is an iterable of RunRequest, not {shown(run_requests)}.")
    requests = tuple(islice(run_requests, MAX_RUN_REQUESTS + 1))
    for request in requests:
        if not isinstance(request, RunRequest):
            raise InvalidResult(f"run_requests holds {shown(request)}, which is no RunRequest.")
    return requests


def _changes(requests: object) -> tuple[PartitionsRequest, ...]:
    if requests is None:
        return ()
    if not isinstance(requests, Iterable):
        raise InvalidResult(f"dynamic_partitions_requests is a list of requests, not {shown(requests)}.")
    found = tuple(requests)
    for request in found:
        if not isinstance(request, PartitionsRequest):
            raise InvalidResult(
                f"dynamic_partitions_requests holds {shown(request)}; it may hold AddDynamicPartitionsRequest and"
                " DeleteDynamicPartitionsRequest."
            )
    return found


def _told(asset_events: object) -> tuple[Told, ...]:
    if asset_events is None:
        return ()
    if not isinstance(asset_events, Iterable):
        raise InvalidResult(f"asset_events is an iterable of events of assets, not {shown(asset_events)}.")
    told = tuple(islice(asset_events, MAX_ASSET_EVENTS + 1))
    if len(told) > MAX_ASSET_EVENTS:
        raise InvalidResult(f"A SensorResult has at most {MAX_ASSET_EVENTS} asset_events; tell the rest next time.")
    for event in told:
        if not isinstance(event, Told):
            raise InvalidResult(
                f"asset_events holds {shown(event)}; it may hold AssetMaterialization, AssetObservation and"
                " AssetCheckEvaluation."
            )
    return told
