from datetime import datetime
from typing import Any, Optional

from pydantic import Field

from .base_model import BaseModel
from .enums import (
    LogLevel,
    RunEventKind,
    RunRequestOutcome,
    RunStatus,
    SensorConditionKind,
    SensorStatus,
    TickCause,
    TickStatus,
)


class AssetEventFacts(BaseModel):
    typename__: str = Field(alias="__typename")
    position: str
    at: datetime
    asset_key: list[str] = Field(alias="assetKey")
    partition_key: Optional[str] = Field(alias="partitionKey")
    description: Optional[str]
    metadata: Optional[Any]
    run: Optional["AssetEventFactsRun"]


class AssetEventFactsRun(BaseModel):
    id: str


class MaterializationFacts(BaseModel):
    position: str
    at: datetime
    partition_key: Optional[str] = Field(alias="partitionKey")
    description: Optional[str]
    metadata: Optional[Any]
    run: Optional["MaterializationFactsRun"]


class MaterializationFactsRun(BaseModel):
    id: str


class AssetFacts(BaseModel):
    id: str
    key: list[str]
    description: Optional[str]
    group: Optional[str]
    is_executable: bool = Field(alias="isExecutable")
    latest_materialization: Optional["AssetFactsLatestMaterialization"] = Field(
        alias="latestMaterialization"
    )


class AssetFactsLatestMaterialization(MaterializationFacts):
    pass


class Failure(BaseModel):
    type_: str = Field(alias="type")
    message: str
    stack: list[str]


class LogLine(BaseModel):
    at: datetime
    level: LogLevel
    logger: str
    message: str


class EvaluationFacts(BaseModel):
    cursor_before: Optional[str] = Field(alias="cursorBefore")
    cursor_after: Optional[str] = Field(alias="cursorAfter")
    cursor_version: int = Field(alias="cursorVersion")
    skip_reason: Optional[str] = Field(alias="skipReason")
    duration_seconds: float = Field(alias="durationSeconds")
    error: Optional["EvaluationFactsError"]
    run_requests: list["EvaluationFactsRunRequests"] = Field(alias="runRequests")
    logs: list["EvaluationFactsLogs"]


class EvaluationFactsError(Failure):
    pass


class EvaluationFactsRunRequests(BaseModel):
    run_key: Optional[str] = Field(alias="runKey")
    job_name: Optional[str] = Field(alias="jobName")
    run_config: Any = Field(alias="runConfig")
    partition_key: Optional[str] = Field(alias="partitionKey")
    outcome: RunRequestOutcome
    tags: list["EvaluationFactsRunRequestsTags"]


class EvaluationFactsRunRequestsTags(BaseModel):
    key: str
    value: str


class EvaluationFactsLogs(LogLine):
    pass


class EventFacts(BaseModel):
    position: str
    at: datetime
    kind: RunEventKind
    step: Optional[str]
    message: Optional[str]
    data: Optional[Any]


class JobFacts(BaseModel):
    id: str
    name: str
    code_location: "JobFactsCodeLocation" = Field(alias="codeLocation")
    config_schema: Optional[Any] = Field(alias="configSchema")


class JobFactsCodeLocation(BaseModel):
    name: str


class Problem(BaseModel):
    typename__: str = Field(alias="__typename")
    message: str
    path: Optional[list[str]]


class RunFacts(BaseModel):
    id: str
    job_name: str = Field(alias="jobName")
    status: RunStatus
    run_key: Optional[str] = Field(alias="runKey")
    run_config: Any = Field(alias="runConfig")
    partition_key: Optional[str] = Field(alias="partitionKey")
    tags: list["RunFactsTags"]
    queued_at: datetime = Field(alias="queuedAt")
    started_at: Optional[datetime] = Field(alias="startedAt")
    finished_at: Optional[datetime] = Field(alias="finishedAt")
    attempt: int
    error: Optional["RunFactsError"]


class RunFactsTags(BaseModel):
    key: str
    value: str


class RunFactsError(Failure):
    pass


class SensorFacts(BaseModel):
    id: str
    name: str
    code_location: "SensorFactsCodeLocation" = Field(alias="codeLocation")
    status: SensorStatus
    condition: "SensorFactsCondition"
    cursor: "SensorFactsCursor"
    next_tick_at: Optional[datetime] = Field(alias="nextTickAt")
    consecutive_failures: int = Field(alias="consecutiveFailures")


class SensorFactsCodeLocation(BaseModel):
    name: str


class SensorFactsCondition(BaseModel):
    kind: SensorConditionKind
    until: Optional[datetime]
    message: Optional[str]


class SensorFactsCursor(BaseModel):
    value: Optional[str]
    version: int
    updated_at: Optional[datetime] = Field(alias="updatedAt")


class TickFacts(BaseModel):
    id: str
    number: int
    status: TickStatus
    cause: TickCause
    started_at: datetime = Field(alias="startedAt")
    finished_at: Optional[datetime] = Field(alias="finishedAt")
    cursor_before: Optional[str] = Field(alias="cursorBefore")
    cursor_after: Optional[str] = Field(alias="cursorAfter")
    skip_reason: Optional[str] = Field(alias="skipReason")
    error: Optional["TickFactsError"]
    requested_count: int = Field(alias="requestedCount")
    launched_count: int = Field(alias="launchedCount")
    sensor: "TickFactsSensor"


class TickFactsError(Failure):
    pass


class TickFactsSensor(BaseModel):
    id: str
    name: str
    code_location: "TickFactsSensorCodeLocation" = Field(alias="codeLocation")


class TickFactsSensorCodeLocation(BaseModel):
    name: str


AssetEventFacts.model_rebuild()
MaterializationFacts.model_rebuild()
AssetFacts.model_rebuild()
Failure.model_rebuild()
LogLine.model_rebuild()
EvaluationFacts.model_rebuild()
EventFacts.model_rebuild()
JobFacts.model_rebuild()
Problem.model_rebuild()
RunFacts.model_rebuild()
SensorFacts.model_rebuild()
TickFacts.model_rebuild()
