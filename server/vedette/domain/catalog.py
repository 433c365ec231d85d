"""The catalog: the definitions of one code location as data. Hosts send it, the server stores it, never imports it."""

import enum
import hashlib
from typing import Any

import msgspec

from vedette.domain.compute import ComputeSpec
from vedette.domain.metadata import Metadata
from vedette.domain.partitions import Partitions
from vedette.domain.reactions import DEFAULT_ATTEMPTS
from vedette.domain.runs import RunStatus


class SensorKind(enum.StrEnum):
    """What a sensor watches."""

    STANDARD = "STANDARD"
    ASSET = "ASSET"
    MULTI_ASSET = "MULTI_ASSET"
    RUN_STATUS = "RUN_STATUS"
    FRESHNESS = "FRESHNESS"
    AUTOMATION = "AUTOMATION"


class SensorStatus(enum.StrEnum):
    """Whether a sensor is to be evaluated."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class Interruption(enum.StrEnum):
    """What becomes of a run whose process was lost while user code ran: fail it, or run it again as a next attempt."""

    FAIL = "fail"
    RETRY = "retry"


class OpSpec(msgspec.Struct, frozen=True):
    """One op of a job's graph; `name` is unique within the job, `depends_on` names ops of the same job."""

    name: str
    description: str | None = None
    depends_on: tuple[str, ...] = ()


class JobSpec(msgspec.Struct, frozen=True):
    """One job. `config_schema` is the JSON Schema (2020-12) of its run config; None where any config is accepted."""

    name: str
    description: str | None = None
    tags: dict[str, str] = {}
    ops: tuple[OpSpec, ...] = ()
    config_schema: dict[str, Any] | None = None
    on_interrupted: Interruption = Interruption.FAIL
    # How many runs of it may be executed at once, by all launchers; None: as many as there are slots.
    max_concurrent_runs: int | None = None
    # What its work is divided into, if it is; and whether the code has a config for each part of it.
    partitions: Partitions | None = None
    partitioned_config: bool = False
    # What its runs need of their machine, and options by the name of the engine that they are for.
    compute: ComputeSpec = ComputeSpec()
    engine_options: dict[str, dict[str, Any]] = {}


class MonitoredJob(msgspec.Struct, frozen=True):
    """Runs of one job, or of all jobs (None), of a code location; None is the sensor's own."""

    code_location: str | None = None
    job_name: str | None = None


class RunMonitor(msgspec.Struct, frozen=True, tag="runs", tag_field="stream"):
    """Which runs a sensor reacts to: those that become `status`, of any of `jobs`.

    Without `jobs`, of all jobs of all code locations if `everywhere`, else of the sensor's own. An event that fails is
    tried `attempts` times.
    """

    status: RunStatus
    everywhere: bool = False
    jobs: tuple[MonitoredJob, ...] = ()
    attempts: int = DEFAULT_ATTEMPTS

    def concerns(self, own_location: str, code_location: str, job_name: str) -> bool:
        """Tell whether a run of `job_name` concerns a sensor of the code location `own_location`."""
        if not self.jobs:
            return self.everywhere or code_location == own_location
        return any(
            code_location == (one.code_location or own_location) and one.job_name in (None, job_name)
            for one in self.jobs
        )


class AssetMonitor(msgspec.Struct, frozen=True, tag="assets", tag_field="stream"):
    """Which assets a sensor reacts to: each time that one of `keys` is materialized, wherever that is told.

    An event that fails is tried `attempts` times.
    """

    keys: tuple[tuple[str, ...], ...]
    attempts: int = DEFAULT_ATTEMPTS


Monitor = RunMonitor | AssetMonitor


class SensorSpec(msgspec.Struct, frozen=True):
    """One sensor. Durations are seconds; `minimum_interval_seconds` 0 means "again at once"."""

    name: str
    kind: SensorKind = SensorKind.STANDARD
    description: str | None = None
    tags: dict[str, str] = {}
    owners: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}
    job_names: tuple[str, ...] = ()
    asset_keys: tuple[tuple[str, ...], ...] = ()
    minimum_interval_seconds: float = 30.0
    timeout_seconds: float = 60.0
    default_status: SensorStatus = SensorStatus.STOPPED
    # Folders or files; a change there makes it due at once.
    watch: tuple[str, ...] = ()
    # Whether the code can wait for a change of what it watches; that makes it due at once.
    waits: bool = False
    # After so many failures in a row it is paused; 0: never; None: as the settings say.
    failures_before_pause: int | None = None
    # How late it may be before it is called overdue; None: OVERDUE_AFTER.
    max_lag_seconds: float | None = None
    # Of a sensor that reacts to events.
    monitors: RunMonitor | AssetMonitor | None = None
    # A materialization of one of these makes it due at once, and each evaluation is told how all of them stand.
    watched_assets: tuple[tuple[str, ...], ...] = ()
    # Another sensor that begins to fail or recovers makes it due at once, and each evaluation is told what is wrong.
    watches_sensors: bool = False

    @property
    def is_pushed(self) -> bool:
        """Tell whether events make it due, and the server keeps its cursor: a position in their stream."""
        return self.monitors is not None

    @property
    def is_fed(self) -> bool:
        """Tell whether an evaluation is told more than its cursor: events, or how assets or sensors stand."""
        return self.is_pushed or self.is_told

    @property
    def is_told(self) -> bool:
        """Tell whether an evaluation is told how assets or sensors stand."""
        return bool(self.watched_assets) or self.watches_sensors

    @property
    def stream(self) -> str | None:
        """Return the name of the stream that it reacts to, if it reacts to any."""
        if self.monitors is None:
            return None
        return "runs" if isinstance(self.monitors, RunMonitor) else "assets"


class AssetCheckSpec(msgspec.Struct, frozen=True):
    """A check of an asset; `blocking`: where it fails with severity ERROR, what is downstream is not made."""

    name: str
    description: str | None = None
    blocking: bool = False


# The job of all assets of a project: runs of assets that are asked for without a job are of it.
ASSET_JOB = "__ASSET_JOB"


class AssetSpec(msgspec.Struct, frozen=True):
    """One asset. `deps` are keys; `jobs` names those that make it; one that none makes (external) is only watched.

    `can_subset`: a run may make it without the other assets of its op.
    """

    key: tuple[str, ...]
    deps: tuple[tuple[str, ...], ...] = ()
    group: str = "default"
    description: str | None = None
    metadata: Metadata = {}
    tags: dict[str, str] = {}
    owners: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    code_version: str | None = None
    jobs: tuple[str, ...] = ()
    executable: bool = True
    op_name: str | None = None
    can_subset: bool = False
    checks: tuple[AssetCheckSpec, ...] = ()
    partitions: Partitions | None = None


class Catalog(msgspec.Struct, frozen=True):
    """All that one code location defines. `code` is a digest of the project's own source files."""

    sensors: tuple[SensorSpec, ...] = ()
    jobs: tuple[JobSpec, ...] = ()
    code: str = ""
    assets: tuple[AssetSpec, ...] = ()

    @property
    def version(self) -> str:
        """Return a digest of the definitions and the code behind them: equal ones have equal versions."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()[:12]
