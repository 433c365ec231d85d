"""Vedette: sensors that watch something outside and ask for runs of jobs. What authors import.

The server imports modules below this one and none of what authors need (pydantic among it): that is imported with the
first name that is asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vedette.authoring.asset_events import (
        AssetCheckEvaluation,
        AssetCheckKey,
        AssetMaterialization,
        AssetObservation,
    )
    from vedette.authoring.asset_records import EventLogEntry, EventLogRecord
    from vedette.authoring.asset_sensors import AssetSensorDefinition, asset_sensor
    from vedette.authoring.assets.checks import asset_check
    from vedette.authoring.assets.decorators import asset, multi_asset, observable_source_asset
    from vedette.authoring.assets.definition import AssetChecksDefinition, AssetsDefinition, SourceAsset
    from vedette.authoring.assets.io_managers import (
        FilesystemIOManager,
        InMemoryIOManager,
        InputContext,
        IOManager,
        OutputContext,
        build_input_context,
        build_output_context,
    )
    from vedette.authoring.assets.jobs import define_asset_job
    from vedette.authoring.assets.keys import AssetDep
    from vedette.authoring.assets.loading import (
        load_asset_checks_from_current_module,
        load_asset_checks_from_modules,
        load_asset_checks_from_package_module,
        load_asset_checks_from_package_name,
        load_assets_from_current_module,
        load_assets_from_modules,
        load_assets_from_package_module,
        load_assets_from_package_name,
    )
    from vedette.authoring.assets.materializing import materialize, materialize_to_memory
    from vedette.authoring.assets.results import AssetCheckResult, DataVersion, MaterializeResult, ObserveResult
    from vedette.authoring.assets.selection import AssetSelection
    from vedette.authoring.assets.specs import AssetCheckSpec, AssetIn, AssetOut, AssetSpec
    from vedette.authoring.compute import Compute
    from vedette.authoring.config import Config, PermissiveConfig, RunConfig
    from vedette.authoring.config_containers import Array, Map, Noneable
    from vedette.authoring.config_schema import Field, Permissive, Selector, Shape
    from vedette.authoring.config_types import (
        Bool,
        BoolSource,
        Enum,
        EnumValue,
        Float,
        Int,
        IntSource,
        String,
        StringSource,
    )
    from vedette.authoring.configurable_io_managers import (
        ConfigurableIOManager,
        ConfigurableIOManagerFactory,
        fs_io_manager,
        io_manager,
        mem_io_manager,
    )
    from vedette.authoring.configured import configured
    from vedette.authoring.contexts import SensorEvaluationContext, build_sensor_context
    from vedette.authoring.definitions import Definitions
    from vedette.authoring.environment import EnvVar
    from vedette.authoring.executors import ExecutorDefinition, in_process_executor
    from vedette.authoring.freshness.check_sensors import build_sensor_for_freshness_checks
    from vedette.authoring.freshness.checks import (
        build_last_update_freshness_checks,
        build_time_partition_freshness_checks,
    )
    from vedette.authoring.freshness.policies import FreshnessPolicy
    from vedette.authoring.freshness.sensors import (
        FreshnessPolicySensorContext,
        FreshnessPolicySensorDefinition,
        build_freshness_policy_sensor_context,
        freshness_policy_sensor,
    )
    from vedette.authoring.graphs import GraphDefinition, GraphIn, GraphOut, graph
    from vedette.authoring.hooks import HookContext, HookDefinition, build_hook_context, failure_hook, success_hook
    from vedette.authoring.in_process import ExecuteInProcessResult
    from vedette.authoring.instance.filters import (
        AssetRecordsFilter,
        EventRecordsFilter,
        RunsFilter,
        RunStatusChangeRecordsFilter,
    )
    from vedette.authoring.instance.instance import VedetteInstance, instance_for_test
    from vedette.authoring.instance.records import EventRecordsResult, RunRecord, RunStatusChangeRecord
    from vedette.authoring.jobs import JobDefinition, job, validate_run_config
    from vedette.authoring.metadata import MetadataValue
    from vedette.authoring.multi_asset_contexts import MultiAssetSensorEvaluationContext
    from vedette.authoring.multi_asset_sensors import MultiAssetSensorDefinition, multi_asset_sensor
    from vedette.authoring.multi_asset_testing import build_multi_asset_sensor_context
    from vedette.authoring.op_contexts import (
        AssetCheckExecutionContext,
        AssetExecutionContext,
        OpExecutionContext,
        build_asset_context,
        build_op_context,
    )
    from vedette.authoring.ops import In, Nothing, OpDefinition, Out, Output, op
    from vedette.authoring.partitions.definition import PartitionsDefinition
    from vedette.authoring.partitions.dynamic import DynamicPartitionsDefinition
    from vedette.authoring.partitions.mappings import (
        AllPartitionMapping,
        IdentityPartitionMapping,
        LastPartitionMapping,
        PartitionMapping,
        SpecificPartitionsPartitionMapping,
        StaticPartitionMapping,
    )
    from vedette.authoring.partitions.multi import MultiPartitionKey, MultiPartitionsDefinition
    from vedette.authoring.partitions.multi_mappings import (
        DimensionPartitionMapping,
        MultiPartitionMapping,
        MultiToSingleDimensionPartitionMapping,
    )
    from vedette.authoring.partitions.partitioned_config import (
        PartitionedConfig,
        daily_partitioned_config,
        dynamic_partitioned_config,
        hourly_partitioned_config,
        monthly_partitioned_config,
        partitioned_config,
        static_partitioned_config,
        weekly_partitioned_config,
    )
    from vedette.authoring.partitions.requests import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
    from vedette.authoring.partitions.schedules import (
        DailyPartitionsDefinition,
        HourlyPartitionsDefinition,
        MonthlyPartitionsDefinition,
        WeeklyPartitionsDefinition,
    )
    from vedette.authoring.partitions.static import StaticPartitionsDefinition
    from vedette.authoring.partitions.time_mappings import TimeWindowPartitionMapping
    from vedette.authoring.partitions.time_windows import ScheduleType, TimeWindowPartitionsDefinition
    from vedette.authoring.resources.configurable import (
        ConfigurableResource,
        ConfigurableResourceFactory,
        ResourceDependency,
    )
    from vedette.authoring.resources.definition import ResourceDefinition, resource
    from vedette.authoring.resources.init_context import InitResourceContext, build_init_resource_context
    from vedette.authoring.resources.parameters import ResourceParam
    from vedette.authoring.resources.using import build_resources
    from vedette.authoring.retries import Backoff, Failure, Jitter, RetryPolicy, RetryRequested
    from vedette.authoring.retry_after import RetryAfter
    from vedette.authoring.run_monitors import CodeLocationSelector, JobSelector, RepositorySelector
    from vedette.authoring.run_requests import RunRequest
    from vedette.authoring.run_status_contexts import (
        RunFailureSensorContext,
        RunStatusSensorContext,
        build_run_status_sensor_context,
    )
    from vedette.authoring.run_status_sensors import (
        RunFailureSensorDefinition,
        RunStatusSensorDefinition,
        run_failure_sensor,
        run_status_sensor,
    )
    from vedette.authoring.sensor_decorator import sensor
    from vedette.authoring.sensor_results import RunReaction, SensorResult, SkipReason
    from vedette.authoring.sensors import DefaultSensorStatus, SensorDefinition
    from vedette.domain.assets import AssetCheckSeverity, AssetKey
    from vedette.domain.catalog import SensorKind as SensorType
    from vedette.domain.events import RunEvent
    from vedette.domain.partitions import PartitionKeyRange
    from vedette.domain.run_keys import Dedup
    from vedette.domain.runs import Run, RunStatus
    from vedette.domain.ticks import Evaluation
    from vedette.domain.time_windows import TimeWindow
    from vedette.errors import (
        DefinitionError,
        InstanceUnavailable,
        InvalidConfig,
        InvalidResult,
        InvocationError,
        UnknownPartition,
        UnknownResource,
        VedetteError,
    )

__all__ = [
    "AddDynamicPartitionsRequest",
    "AllPartitionMapping",
    "Array",
    "AssetCheckEvaluation",
    "AssetCheckExecutionContext",
    "AssetCheckKey",
    "AssetCheckResult",
    "AssetCheckSeverity",
    "AssetCheckSpec",
    "AssetChecksDefinition",
    "AssetDep",
    "AssetExecutionContext",
    "AssetIn",
    "AssetKey",
    "AssetMaterialization",
    "AssetObservation",
    "AssetOut",
    "AssetRecordsFilter",
    "AssetSelection",
    "AssetSensorDefinition",
    "AssetSpec",
    "AssetsDefinition",
    "Backoff",
    "Bool",
    "BoolSource",
    "CodeLocationSelector",
    "Compute",
    "Config",
    "ConfigurableIOManager",
    "ConfigurableIOManagerFactory",
    "ConfigurableResource",
    "ConfigurableResourceFactory",
    "DailyPartitionsDefinition",
    "DataVersion",
    "Dedup",
    "DefaultSensorStatus",
    "DefinitionError",
    "Definitions",
    "DeleteDynamicPartitionsRequest",
    "DimensionPartitionMapping",
    "DynamicPartitionsDefinition",
    "Enum",
    "EnumValue",
    "EnvVar",
    "Evaluation",
    "EventLogEntry",
    "EventLogRecord",
    "EventRecordsFilter",
    "EventRecordsResult",
    "ExecuteInProcessResult",
    "ExecutorDefinition",
    "Failure",
    "Field",
    "FilesystemIOManager",
    "Float",
    "FreshnessPolicy",
    "FreshnessPolicySensorContext",
    "FreshnessPolicySensorDefinition",
    "GraphDefinition",
    "GraphIn",
    "GraphOut",
    "HookContext",
    "HookDefinition",
    "HourlyPartitionsDefinition",
    "IOManager",
    "IdentityPartitionMapping",
    "In",
    "InMemoryIOManager",
    "InitResourceContext",
    "InputContext",
    "InstanceUnavailable",
    "Int",
    "IntSource",
    "InvalidConfig",
    "InvalidResult",
    "InvocationError",
    "Jitter",
    "JobDefinition",
    "JobSelector",
    "LastPartitionMapping",
    "Map",
    "MaterializeResult",
    "MetadataValue",
    "MonthlyPartitionsDefinition",
    "MultiAssetSensorDefinition",
    "MultiAssetSensorEvaluationContext",
    "MultiPartitionKey",
    "MultiPartitionMapping",
    "MultiPartitionsDefinition",
    "MultiToSingleDimensionPartitionMapping",
    "Noneable",
    "Nothing",
    "ObserveResult",
    "OpDefinition",
    "OpExecutionContext",
    "Out",
    "Output",
    "OutputContext",
    "PartitionKeyRange",
    "PartitionMapping",
    "PartitionedConfig",
    "PartitionsDefinition",
    "Permissive",
    "PermissiveConfig",
    "RepositorySelector",
    "ResourceDefinition",
    "ResourceDependency",
    "ResourceParam",
    "RetryAfter",
    "RetryPolicy",
    "RetryRequested",
    "Run",
    "RunConfig",
    "RunEvent",
    "RunFailureSensorContext",
    "RunFailureSensorDefinition",
    "RunReaction",
    "RunRecord",
    "RunRequest",
    "RunStatus",
    "RunStatusChangeRecord",
    "RunStatusChangeRecordsFilter",
    "RunStatusSensorContext",
    "RunStatusSensorDefinition",
    "RunsFilter",
    "ScheduleType",
    "Selector",
    "SensorDefinition",
    "SensorEvaluationContext",
    "SensorResult",
    "SensorType",
    "Shape",
    "SkipReason",
    "SourceAsset",
    "SpecificPartitionsPartitionMapping",
    "StaticPartitionMapping",
    "StaticPartitionsDefinition",
    "String",
    "StringSource",
    "TimeWindow",
    "TimeWindowPartitionMapping",
    "TimeWindowPartitionsDefinition",
    "UnknownPartition",
    "UnknownResource",
    "VedetteError",
    "VedetteInstance",
    "WeeklyPartitionsDefinition",
    "asset",
    "asset_check",
    "asset_sensor",
    "build_asset_context",
    "build_freshness_policy_sensor_context",
    "build_hook_context",
    "build_init_resource_context",
    "build_input_context",
    "build_last_update_freshness_checks",
    "build_multi_asset_sensor_context",
    "build_op_context",
    "build_output_context",
    "build_resources",
    "build_run_status_sensor_context",
    "build_sensor_context",
    "build_sensor_for_freshness_checks",
    "build_time_partition_freshness_checks",
    "configured",
    "daily_partitioned_config",
    "define_asset_job",
    "dynamic_partitioned_config",
    "failure_hook",
    "freshness_policy_sensor",
    "fs_io_manager",
    "graph",
    "hourly_partitioned_config",
    "in_process_executor",
    "instance_for_test",
    "io_manager",
    "job",
    "load_asset_checks_from_current_module",
    "load_asset_checks_from_modules",
    "load_asset_checks_from_package_module",
    "load_asset_checks_from_package_name",
    "load_assets_from_current_module",
    "load_assets_from_modules",
    "load_assets_from_package_module",
    "load_assets_from_package_name",
    "materialize",
    "materialize_to_memory",
    "mem_io_manager",
    "monthly_partitioned_config",
    "multi_asset",
    "multi_asset_sensor",
    "observable_source_asset",
    "op",
    "partitioned_config",
    "resource",
    "run_failure_sensor",
    "run_status_sensor",
    "sensor",
    "static_partitioned_config",
    "success_hook",
    "validate_run_config",
    "weekly_partitioned_config",
]


def __getattr__(name: str) -> Any:
    """Return what is called `name`, once: from then on it is an attribute like any other."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module("vedette.authors"), name)
    return found


def __dir__() -> list[str]:
    return __all__
