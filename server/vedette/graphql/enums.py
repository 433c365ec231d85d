"""The enums of the schema are those of the domain; here each of their values gets its description."""

from enum import Enum, StrEnum
from typing import Any

import strawberry

from vedette.domain.access import Role
from vedette.domain.assets import AssetCheckSeverity, AssetEventKind
from vedette.domain.catalog import SensorKind, SensorStatus
from vedette.domain.events import RunEventKind
from vedette.domain.logs import LogLevel
from vedette.domain.metadata import MetadataKind
from vedette.domain.partitions import PartitionChangeKind, PartitionsKind
from vedette.domain.reactions import ReactionOutcome
from vedette.domain.run_keys import Dedup
from vedette.domain.run_limits import RunLimitKind
from vedette.domain.runs import RunStatus, StepStatus
from vedette.domain.sensors import SensorConditionKind, StatusSource
from vedette.domain.ticks import RunRequestOutcome, TickCause, TickStatus
from vedette.storage.sensors.sensors import SensorOrder


class WorkerRole(StrEnum):
    """What a process does for the instance."""

    SERVE = "SERVE"
    EVALUATE = "EVALUATE"
    LAUNCH = "LAUNCH"


def _describe(kind: type[Enum], description: str, values: dict[str, str], name: str | None = None) -> None:
    registered: Any = strawberry.enum(kind, name=name, description=description)
    for value in registered.__strawberry_definition__.values:
        value.description = values[value.name]


_describe(
    SensorKind,
    "What a sensor watches.",
    {
        "STANDARD": "Anything: the function decides.",
        "ASSET": "One asset's materializations.",
        "MULTI_ASSET": "Several assets' materializations.",
        "RUN_STATUS": "Runs that reach a status.",
        "FRESHNESS": "Assets that should be fresh.",
        "AUTOMATION": "The automation conditions of assets.",
    },
)
_describe(
    SensorStatus,
    "Whether a sensor is to be evaluated.",
    {"RUNNING": "It is evaluated whenever it is due.", "STOPPED": "It is evaluated only when somebody asks for it."},
)
_describe(
    StatusSource,
    "Who decided a sensor's status.",
    {
        "CODE": "The sensor's definition.",
        "USER": "A person or a program, by mutation.",
        "FAILURE_POLICY": "The policy for sensors that fail again and again.",
    },
)
_describe(
    SensorConditionKind,
    "What a sensor is doing.",
    {
        "WAITING": "It waits for its next tick.",
        "EVALUATING": "Its function runs.",
        "BACKING_OFF": "It waits longer than usual, as it failed; its message tells how often and why.",
        "OVERDUE": "It should have been evaluated by now.",
        "STOPPED": "It is stopped.",
        "UNLOADED": "Its code location does not define it any more.",
    },
)
_describe(
    SensorOrder,
    "How a list of sensors is ordered.",
    {"NAME": "By name.", "LAST_TICK": "The latest tick first.", "LAG": "The longest due first."},
)
_describe(
    TickStatus,
    "How a tick stands.",
    {
        "STARTED": "The evaluation goes on.",
        "SKIPPED": "It asked for nothing that was new.",
        "SUCCESS": "It asked for runs.",
        "FAILURE": "It failed: nothing was launched and the cursor stayed.",
    },
)
_describe(
    TickCause,
    "What made a sensor due.",
    {
        "INTERVAL": "Its interval had passed.",
        "MANUAL": "Somebody asked for the tick.",
        "EVENT": "Something happened that it watches.",
    },
)
_describe(
    RunRequestOutcome,
    "What became of a run request.",
    {
        "LAUNCHED": "It launched a run.",
        "DUPLICATE": "Its run key was spent; the run that spent it is linked.",
        "PREVIEWED": "It would launch a run; this was a test evaluation.",
        "REFUSED": "It was not launched.",
        "FRESH": "It asked for stale assets only, and none was stale.",
    },
)
_describe(
    Dedup,
    "For how long a run key holds off other runs with it.",
    {
        "FOREVER": "For ever: one run a key.",
        "UNTIL_SUCCESS": "Unless its run fails or is canceled: that frees it.",
        "WHILE_ACTIVE": "Until its run has ended, however it ends.",
        "TTL": "For a time, whatever becomes of its run.",
    },
    name="RunKeyDedup",
)
_describe(
    RunLimitKind,
    "What a limit is about.",
    {
        "ALL": "All runs.",
        "JOB": "The runs of a job.",
        "TAG": "The runs with a tag, or with one value of it.",
        "TAG_VALUE": "The runs with a tag, those of each value for themselves.",
    },
)
_describe(
    RunStatus,
    "How a run stands.",
    {
        "QUEUED": "It waits for a launcher.",
        "STARTING": "A launcher prepares its process; no user code runs yet.",
        "STARTED": "User code runs.",
        "SUCCESS": "All of it succeeded.",
        "FAILURE": "It failed, or its process was lost.",
        "CANCELING": "It is being stopped.",
        "CANCELED": "It was stopped before its end.",
    },
)
_describe(
    ReactionOutcome,
    "What became of an event that a sensor reacts to.",
    {
        "REACTED": "The sensor handled it and asked for nothing.",
        "REQUESTED": "It asked for runs.",
        "SKIPPED": "It said why there is nothing to do.",
        "FAILED": "It failed, and the event will be shown to it again.",
        "GIVEN_UP": "It failed too often; the event is passed.",
    },
)
_describe(
    StepStatus,
    "How a step of a run stands.",
    {
        "PENDING": "It waits for what it depends on.",
        "STARTED": "It runs.",
        "SUCCESS": "It succeeded.",
        "FAILURE": "It failed.",
        "SKIPPED": "It was not executed, as something it depends on was not either or failed.",
        "CANCELED": "The run was canceled before its end.",
    },
)
_describe(
    LogLevel,
    "How much a log line matters.",
    {
        "DEBUG": "For those who look for a fault.",
        "INFO": "The ordinary course.",
        "WARNING": "Something unexpected that did no harm.",
        "ERROR": "Something failed.",
        "CRITICAL": "Everything failed.",
    },
)
_describe(
    RunEventKind,
    "What a run event tells.",
    {
        "RUN_QUEUED": "The run waits for a launcher.",
        "RUN_STARTING": "A launcher took the run.",
        "RUN_STARTED": "User code is about to run.",
        "RUN_SUCCESS": "The run succeeded.",
        "RUN_FAILURE": "The run failed.",
        "RUN_CANCELING": "The run is being stopped.",
        "RUN_CANCELED": "The run was stopped.",
        "STEP_STARTED": "A step began.",
        "STEP_SUCCESS": "A step succeeded.",
        "STEP_FAILURE": "A step failed.",
        "STEP_RETRY": "A step failed and will be tried again.",
        "STEP_SKIPPED": "A step was not executed.",
        "ASSET_MATERIALIZATION": "A step wrote an asset.",
        "ASSET_OBSERVATION": "A step observed an asset.",
        "ASSET_CHECK": "A step checked an asset.",
        "LOG": "User code said something.",
        "ENGINE": "The engine did something for the run.",
    },
)
_describe(
    WorkerRole,
    "What a process does for the instance.",
    {"SERVE": "It serves this API.", "EVALUATE": "It evaluates sensors.", "LAUNCH": "It executes runs."},
)
_describe(
    PartitionsKind,
    "What the keys of partitions come from.",
    {
        "STATIC": "The code lists them.",
        "TIME_WINDOW": "A schedule cuts time into windows; those that are over have keys.",
        "DYNAMIC": "Sensors and people add and delete them.",
        "MULTI": "They combine the keys of several dimensions.",
    },
)
_describe(
    PartitionChangeKind,
    "What became of partitions.",
    {"ADD": "They were added.", "DELETE": "They were deleted."},
)
_describe(
    AssetEventKind,
    "What happened to an asset.",
    {"MATERIALIZATION": "It was produced.", "OBSERVATION": "It was looked at.", "CHECK": "It was checked."},
)
_describe(
    AssetCheckSeverity,
    "How bad it is that a check did not pass.",
    {"WARN": "It should be looked at.", "ERROR": "The asset is not to be used."},
)
_describe(
    MetadataKind,
    "What a value of metadata is.",
    {
        "TEXT": "A text.",
        "URL": "An address that can be opened.",
        "PATH": "The path of a file.",
        "NOTEBOOK": "The path of a notebook.",
        "MARKDOWN": "A text in Markdown.",
        "JSON": "Anything.",
        "INT": "A whole number.",
        "FLOAT": "A number; a text where it is not finite.",
        "BOOL": "True or false.",
        "NULL": "Nothing.",
        "TIMESTAMP": "A moment: seconds since the beginning of 1970, UTC.",
        "RUN": "A run, by its id.",
        "ASSET": "An asset, by its key.",
        "JOB": "A job, by its name.",
        "TABLE_SCHEMA": "The columns of a table: `{columns: [{name, type, description}]}`.",
        "TABLE": "Rows of a table: `{schema, records}`.",
        "PYTHON_ARTIFACT": "A class or function: `{module, name}`.",
    },
)
_describe(
    Role,
    "What somebody may do; each role may do what those before it may.",
    {
        "VIEWER": "Read everything but tokens and the audit log.",
        "OPERATOR": "Start, stop, evaluate and tick sensors, set cursors, launch and cancel runs, release run keys.",
        "ADMIN": "Everything: tokens, the audit log, reloads.",
    },
)
