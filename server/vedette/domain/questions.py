"""What user code asks the instance, as values: they go from its process to the one that has the database.

Lists are asked for a page at a time: who asks says where the page begins and how much it may hold.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from vedette.domain.assets import AssetEvent, AssetEventKind, Path
from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.partitions import PartitionChange
from vedette.domain.runs import Run, RunStatus

# As many rows as one answer holds at most.
MOST_ROWS = 500


class RunsSought(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which runs are meant; what is None or empty does not restrict. A tag has one of its values.

    `after` times are exclusive, `before` times too. A run is updated when it is queued, starts and ends.
    """

    ids: tuple[UUID, ...] | None = None
    job_name: str | None = None
    statuses: tuple[RunStatus, ...] = ()
    tags: dict[str, tuple[str, ...]] = {}
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None


class ListRuns(msgspec.Struct, frozen=True, tag=True):
    """The runs, in the order in which they were queued or updated, the newest first unless `ascending`.

    Answered by a list of Run; `cursor` is the run after which it begins.
    """

    sought: RunsSought
    limit: int
    cursor: UUID | None = None
    ascending: bool = False
    by_update: bool = False


class CountRuns(msgspec.Struct, frozen=True, tag=True):
    """How many runs there are: an int."""

    sought: RunsSought


class ListRunEvents(msgspec.Struct, frozen=True, tag=True):
    """The events of a run after `cursor`, in order: a list of (position, RunEvent). `kinds` None means all."""

    run_id: UUID
    limit: int
    cursor: int = 0
    kinds: tuple[RunEventKind, ...] | None = None


class RunChange(msgspec.Struct, frozen=True):
    """A run became `status`; `position` is its place among all changes of runs."""

    position: int
    at: datetime
    run: Run
    status: RunStatus


class ListRunChanges(msgspec.Struct, frozen=True, tag=True):
    """Changes of runs to `status`, of the jobs named: a list of RunChange. Positions are exclusive."""

    status: RunStatus
    limit: int
    after: int | None = None
    before: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    job_names: tuple[str, ...] | None = None
    ascending: bool = False


class ListAssetEvents(msgspec.Struct, frozen=True, tag=True):
    """What happened to one asset, or to all: a list of AssetEventRecord. Positions and times are exclusive."""

    kind: AssetEventKind
    limit: int
    key: Path | None = None
    partitions: tuple[str, ...] | None = None
    after: int | None = None
    before: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    positions: tuple[int, ...] | None = None
    ascending: bool = False


class LatestAssetEvents(msgspec.Struct, frozen=True, tag=True):
    """The last event of a kind of each of some assets: a list of AssetEventRecord, of those that have one."""

    kind: AssetEventKind
    keys: tuple[Path, ...]


class ListAssetKeys(msgspec.Struct, frozen=True, tag=True):
    """The keys of the assets to which something has happened, in order: a list of them, as stored texts."""

    limit: int
    prefix: str | None = None
    cursor: str | None = None


class MaterializedPartitions(msgspec.Struct, frozen=True, tag=True):
    """The partitions of an asset that were produced: a dict of key to the position of the last time."""

    key: Path


class ListDynamicPartitions(msgspec.Struct, frozen=True, tag=True):
    """The keys of a dynamic definition, the first added first: a list of texts."""

    name: str


class HasDynamicPartition(msgspec.Struct, frozen=True, tag=True):
    """Whether a dynamic definition has a key: a bool."""

    name: str
    key: str


class ChangeDynamicPartitions(msgspec.Struct, frozen=True, tag=True):
    """Add or delete keys; the answer is the change, with the keys for which it was in vain."""

    change: PartitionChange


class ReportAssetEvents(msgspec.Struct, frozen=True, tag=True):
    """Something happened to assets that no run tells of; `id` is that of the report, which counts once. No answer."""

    id: UUID
    events: tuple[AssetEvent, ...]


class RecordRun(msgspec.Struct, frozen=True, tag=True):
    """A run was executed elsewhere, and has ended; recorded under its id, once. No answer."""

    run: Run
    events: tuple[RunEvent, ...]


Question = (
    ListRuns
    | CountRuns
    | ListRunEvents
    | ListRunChanges
    | ListAssetEvents
    | LatestAssetEvents
    | ListAssetKeys
    | MaterializedPartitions
    | ListDynamicPartitions
    | HasDynamicPartition
    | ChangeDynamicPartitions
    | ReportAssetEvents
    | RecordRun
)
