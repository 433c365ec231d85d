from datetime import datetime
from typing import Any, Optional

from pydantic import Field

from .base_model import BaseModel
from .enums import (
    AssetCheckSeverity,
    AssetEventKind,
    RunKeyDedup,
    RunStatus,
    SensorConditionKind,
    SensorKind,
    SensorStatus,
    TickStatus,
)


class AssetEventFilter(BaseModel):
    """Which events; what is left out does not restrict."""

    asset_keys: Optional[list[list[str]]] = Field(alias="assetKeys", default=None)
    "Those of these assets."
    key_prefix: Optional[list[str]] = Field(alias="keyPrefix", default=None)
    "Those of the assets whose keys begin with this."
    kind: Optional[list[AssetEventKind]] = None
    "Those of one of these kinds."
    partition_key: Optional[str] = Field(alias="partitionKey", default=None)
    "Those of this partition."


class AssetFilter(BaseModel):
    """Which assets; what is left out does not restrict."""

    key_prefix: Optional[list[str]] = Field(alias="keyPrefix", default=None)
    "Those whose keys begin with this."
    group: Optional[str] = None
    "Those of this group."
    key_contains: Optional[str] = Field(alias="keyContains", default=None)
    "Those whose keys, written with slashes, have this in them, in any case."
    code_location: Optional[str] = Field(alias="codeLocation", default=None)
    "Those that the code location of this name defines."
    is_executable: Optional[bool] = Field(alias="isExecutable", default=None)
    "Those that runs can produce, or those that something outside produces."
    selection: Optional[str] = None
    "Those that a selection names: `key:a/b`, `group:g`, `tag:k=v`, `kind:k`, `owner:o`, `*`, combined by `and`, `or`, `not` and parentheses; `+x` adds all that x is made of, `x+` all that is made of it, `2+x+1` two steps up and one down; `roots(x)` and `sinks(x)` are its ends."


class CancelRunInput(BaseModel):
    """Which run to cancel."""

    idempotency_key: Optional[str] = Field(alias="idempotencyKey", default=None)
    "Makes it safe to send the mutation again: for 24 hours, the same input with the same key takes effect once and has the same outcome. At most 255 characters; a random UUID is a good one."
    run_id: str = Field(alias="runId")
    "The run."
    force: Optional[bool] = False
    "Kill its process at once, without a chance to tidy up."


class CheckResultInput(BaseModel):
    """The result of a check."""

    name: str
    "Name of the check."
    passed: bool
    "Whether it passed."
    severity: Optional[AssetCheckSeverity] = AssetCheckSeverity.ERROR
    "How bad it is where it did not pass."


class EvaluateSensorInput(BaseModel):
    """Which sensor to evaluate, from which cursor."""

    idempotency_key: Optional[str] = Field(alias="idempotencyKey", default=None)
    "Makes it safe to send the mutation again: for 24 hours, the same input with the same key takes effect once and has the same outcome. At most 255 characters; a random UUID is a good one."
    sensor_id: str = Field(alias="sensorId")
    "The sensor."
    cursor: Optional[str] = None
    "Evaluate from this cursor."
    use_current_cursor: Optional[bool] = Field(alias="useCurrentCursor", default=True)
    "Without `cursor`: from the sensor's cursor if true, from none if false."
    last_tick_finished_at: Optional[datetime] = Field(
        alias="lastTickFinishedAt", default=None
    )
    "Evaluate as if the last tick had ended then; left out: as it did."
    run_id: Optional[str] = Field(alias="runId", default=None)
    "A run to try a sensor with that watches runs, as if it had just become what the sensor watches for; left out: what waits for it."


class JobBy(BaseModel):
    """Names one job: by id or by name."""

    id: Optional[str] = None
    "Its id."
    name: Optional["JobNameInput"] = None
    "Its name."


class JobNameInput(BaseModel):
    """A job's name."""

    code_location: Optional[str] = Field(alias="codeLocation", default=None)
    "Name of its code location; may be left out while the job's name is unique."
    name: str
    "Name of the job."


class LaunchRunInput(BaseModel):
    """What to launch: a job, named by id or by name, some of its assets, or assets alone."""

    idempotency_key: Optional[str] = Field(alias="idempotencyKey", default=None)
    "Makes it safe to send the mutation again: for 24 hours, the same input with the same key takes effect once and has the same outcome. At most 255 characters; a random UUID is a good one."
    job_id: Optional[str] = Field(alias="jobId", default=None)
    "The job, by id."
    job_name: Optional[str] = Field(alias="jobName", default=None)
    "The job, by a name that only one job has."
    run_config: Optional[Any] = Field(alias="runConfig", default=None)
    "The run's config; an empty one if left out."
    tags: Optional[list["RunTagInput"]] = None
    "Tags beside those of the job."
    partition_key: Optional[str] = Field(alias="partitionKey", default=None)
    "The partition to run for."
    asset_selection: Optional[list[list[str]]] = Field(
        alias="assetSelection", default=None
    )
    "Keys of those of the job's assets to run for; without a job, of assets of one code location."
    run_key: Optional[str] = Field(alias="runKey", default=None)
    "Makes the run unique: one run a key and job, for as long as `dedup` says."
    dedup: Optional[RunKeyDedup] = RunKeyDedup.FOREVER
    "For how long the run holds `runKey`; TTL goes with `ttlSeconds`."
    ttl_seconds: Optional[float] = Field(alias="ttlSeconds", default=None)
    "For how many seconds the run holds `runKey`, where `dedup` is TTL."


class ReportAssetEventInput(BaseModel):
    """What happened to an asset outside of runs."""

    idempotency_key: Optional[str] = Field(alias="idempotencyKey", default=None)
    "Makes it safe to send the mutation again: for 24 hours, the same input with the same key takes effect once and has the same outcome. At most 255 characters; a random UUID is a good one."
    asset_key: list[str] = Field(alias="assetKey")
    "Key of the asset; no code location need define it."
    kind: Optional[AssetEventKind] = AssetEventKind.MATERIALIZATION
    "What happened; CHECK goes with `check`."
    partition_key: Optional[str] = Field(alias="partitionKey", default=None)
    "The partition that it is about."
    description: Optional[str] = None
    "What there is to say, for people."
    metadata: Optional[Any] = None
    "What there is to note: an object of values by label."
    data_version: Optional[str] = Field(alias="dataVersion", default=None)
    "Version of the data that was produced."
    check: Optional["CheckResultInput"] = None
    "How the check went."


class RerunInput(BaseModel):
    """Which run to repeat, and how much of it."""

    idempotency_key: Optional[str] = Field(alias="idempotencyKey", default=None)
    "Makes it safe to send the mutation again: for 24 hours, the same input with the same key takes effect once and has the same outcome. At most 255 characters; a random UUID is a good one."
    run_id: str = Field(alias="runId")
    "The run; it must have ended."
    from_failure: Optional[bool] = Field(alias="fromFailure", default=False)
    "Execute only the ops that did not succeed, and those whose outputs they take; else all of them."


class ResetSensorInput(BaseModel):
    """Which sensor to give the status that its code says."""

    idempotency_key: Optional[str] = Field(alias="idempotencyKey", default=None)
    "Makes it safe to send the mutation again: for 24 hours, the same input with the same key takes effect once and has the same outcome. At most 255 characters; a random UUID is a good one."
    sensor_id: str = Field(alias="sensorId")
    "The sensor."


class RunFilter(BaseModel):
    """Which runs; what is left out does not restrict."""

    sensor_id: Optional[str] = Field(alias="sensorId", default=None)
    "Those that this sensor asked for."
    tick_id: Optional[str] = Field(alias="tickId", default=None)
    "Those that this tick launched."
    job_name: Optional[str] = Field(alias="jobName", default=None)
    "Those of the jobs of this name."
    status: Optional[list[RunStatus]] = None
    "Those of one of these statuses."
    run_key: Optional[str] = Field(alias="runKey", default=None)
    "Those with this run key."
    tag: Optional[list["TagInput"]] = None
    "Those that have all of these tags."
    since: Optional[datetime] = None
    "Those that were queued then or later."
    until: Optional[datetime] = None
    "Those that were queued before."


class RunTagInput(BaseModel):
    """A tag of a run."""

    key: str
    "What it tells of."
    value: str
    "What it tells."


class SensorBy(BaseModel):
    """Names one sensor: by id or by name."""

    id: Optional[str] = None
    "Its id."
    name: Optional["SensorNameInput"] = None
    "Its name."


class SensorFilter(BaseModel):
    """Which sensors; what is left out does not restrict."""

    code_location: Optional[str] = Field(alias="codeLocation", default=None)
    "Those of the code location of this name."
    name_contains: Optional[str] = Field(alias="nameContains", default=None)
    "Those with this in their name, in any case."
    status: Optional[SensorStatus] = None
    "Those of this status."
    kind: Optional[SensorKind] = None
    "Those of this kind."
    condition: Optional[SensorConditionKind] = None
    "Those in this condition."
    tag: Optional["TagInput"] = None
    "Those with this tag."


class SensorNameInput(BaseModel):
    """A sensor's name."""

    code_location: Optional[str] = Field(alias="codeLocation", default=None)
    "Name of its code location; may be left out while the sensor's name is unique."
    name: str
    "Name of the sensor."


class SetSensorCursorInput(BaseModel):
    """A sensor's next cursor."""

    idempotency_key: Optional[str] = Field(alias="idempotencyKey", default=None)
    "Makes it safe to send the mutation again: for 24 hours, the same input with the same key takes effect once and has the same outcome. At most 255 characters; a random UUID is a good one."
    sensor_id: str = Field(alias="sensorId")
    "The sensor."
    cursor: Optional[str] = None
    "What it shall hold; null clears it."
    expected_version: Optional[int] = Field(alias="expectedVersion", default=None)
    "Change it only if it still has this version; left out: whatever it has."


class StartSensorInput(BaseModel):
    """Which sensor to start."""

    idempotency_key: Optional[str] = Field(alias="idempotencyKey", default=None)
    "Makes it safe to send the mutation again: for 24 hours, the same input with the same key takes effect once and has the same outcome. At most 255 characters; a random UUID is a good one."
    sensor_id: str = Field(alias="sensorId")
    "The sensor."


class StopSensorInput(BaseModel):
    """Which sensor to stop."""

    idempotency_key: Optional[str] = Field(alias="idempotencyKey", default=None)
    "Makes it safe to send the mutation again: for 24 hours, the same input with the same key takes effect once and has the same outcome. At most 255 characters; a random UUID is a good one."
    sensor_id: str = Field(alias="sensorId")
    "The sensor."
    note: Optional[str] = None
    "Why; shown with its status."


class TagInput(BaseModel):
    """Asks for a tag."""

    key: str
    "The tag's key."
    value: Optional[str] = None
    "The tag's value; any, if left out."


class TickFilter(BaseModel):
    """Which ticks; what is left out does not restrict."""

    sensor_id: Optional[str] = Field(alias="sensorId", default=None)
    "Those of this sensor."
    sensor_name: Optional[str] = Field(alias="sensorName", default=None)
    "Those of the sensors of this name."
    status: Optional[list[TickStatus]] = None
    "Those of one of these statuses."
    since: Optional[datetime] = None
    "Those that started then or later."
    until: Optional[datetime] = None
    "Those that started before."
    has_runs: Optional[bool] = Field(alias="hasRuns", default=None)
    "Those that launched runs, or those that did not."


class TickSensorInput(BaseModel):
    """Which sensor to tick."""

    idempotency_key: Optional[str] = Field(alias="idempotencyKey", default=None)
    "Makes it safe to send the mutation again: for 24 hours, the same input with the same key takes effect once and has the same outcome. At most 255 characters; a random UUID is a good one."
    sensor_id: str = Field(alias="sensorId")
    "The sensor."


JobBy.model_rebuild()
LaunchRunInput.model_rebuild()
ReportAssetEventInput.model_rebuild()
RunFilter.model_rebuild()
SensorBy.model_rebuild()
SensorFilter.model_rebuild()
