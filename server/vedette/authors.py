"""What authors import, all of it: `vedette` hands these out, and imports them for those only who ask."""

from vedette.authoring import in_process
from vedette.authoring.config import Config, RunConfig
from vedette.authoring.contexts import SensorEvaluationContext, build_sensor_context
from vedette.authoring.definitions import Definitions
from vedette.authoring.in_process import ExecuteInProcessResult
from vedette.authoring.jobs import JobDefinition, job, validate_run_config
from vedette.authoring.op_contexts import OpExecutionContext, build_op_context
from vedette.authoring.ops import In, Nothing, OpDefinition, Out, Output, op
from vedette.authoring.retry_after import RetryAfter
from vedette.authoring.run_requests import RunRequest
from vedette.authoring.sensor_decorator import sensor
from vedette.authoring.sensor_results import SensorResult, SkipReason
from vedette.authoring.sensors import DefaultSensorStatus, SensorDefinition
from vedette.domain.ticks import Evaluation
from vedette.errors import DefinitionError, InvalidConfig, InvalidResult, InvocationError, VedetteError
from vedette.execution.in_process import InThisProcess

__all__ = [
    "Config",
    "DefaultSensorStatus",
    "DefinitionError",
    "Definitions",
    "Evaluation",
    "ExecuteInProcessResult",
    "In",
    "InvalidConfig",
    "InvalidResult",
    "InvocationError",
    "JobDefinition",
    "Nothing",
    "OpDefinition",
    "OpExecutionContext",
    "Out",
    "Output",
    "RetryAfter",
    "RunConfig",
    "RunRequest",
    "SensorDefinition",
    "SensorEvaluationContext",
    "SensorResult",
    "SkipReason",
    "VedetteError",
    "build_op_context",
    "build_sensor_context",
    "job",
    "op",
    "sensor",
    "validate_run_config",
]

# Authoring lies below execution: this is where its methods that call user code get who does it.
in_process.install(InThisProcess())
