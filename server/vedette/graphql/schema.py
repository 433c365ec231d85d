"""The schema: every noun's fields put together."""

import strawberry
from graphql import GraphQLError
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types import ExecutionContext

from vedette.bus import Bus
from vedette.graphql.access.audit import AuditQueries
from vedette.graphql.access.deprecated_uses import DeprecatedUseQueries
from vedette.graphql.access.rate_limits import RateLimitQueries
from vedette.graphql.access.token_mutations import TokenMutations
from vedette.graphql.access.tokens import TokenQueries
from vedette.graphql.access.viewer import ViewerQueries
from vedette.graphql.assets.asset_events import AssetCheckEvaluation, Materialization, Observation
from vedette.graphql.assets.asset_mutations import AssetMutations
from vedette.graphql.assets.assets import AssetQueries
from vedette.graphql.catalog.code_location_mutations import CodeLocationMutations
from vedette.graphql.catalog.code_locations import CodeLocationQueries
from vedette.graphql.catalog.dynamic_partitions import DynamicPartitionsMutations, DynamicPartitionsQueries
from vedette.graphql.catalog.jobs import JobQueries
from vedette.graphql.context import Context
from vedette.graphql.documents.limits import Limits
from vedette.graphql.documents.operations import Operations, without_suggestion
from vedette.graphql.errors import presentable
from vedette.graphql.instance import InstanceQueries
from vedette.graphql.loaders import Loaders
from vedette.graphql.mutations.mutation_errors import MEMBERS
from vedette.graphql.node_queries import NodeQueries
from vedette.graphql.plans import PlannedExecutor
from vedette.graphql.runs.rerun_mutations import RerunMutations
from vedette.graphql.runs.run_limit_mutations import RunLimitMutations
from vedette.graphql.runs.run_limits import RunLimitQueries
from vedette.graphql.runs.run_mutations import RunMutations
from vedette.graphql.runs.run_timelines import RunTimelineQueries
from vedette.graphql.runs.run_waits import REASONS, QueueQueries
from vedette.graphql.runs.runs import RunQueries
from vedette.graphql.scalars import CONFIG
from vedette.graphql.sensors.evaluations import EvaluationMutations
from vedette.graphql.sensors.run_keys import RunKeyMutations
from vedette.graphql.sensors.sensor_bulk_mutations import SensorBulkMutations
from vedette.graphql.sensors.sensor_mutations import SensorMutations
from vedette.graphql.sensors.sensor_queries import SensorQueries
from vedette.graphql.streams.passing_time import PassingTime
from vedette.graphql.streams.subscriptions import Subscription
from vedette.graphql.ticks.ticks import TickQueries
from vedette.relay import Relay
from vedette.settings import Settings
from vedette.storage.database import Database


@strawberry.type(description="What can be asked.")
class Query(
    NodeQueries,
    SensorQueries,
    TickQueries,
    RunQueries,
    QueueQueries,
    RunLimitQueries,
    RunTimelineQueries,
    JobQueries,
    AssetQueries,
    CodeLocationQueries,
    InstanceQueries,
    DynamicPartitionsQueries,
    TokenQueries,
    ViewerQueries,
    RateLimitQueries,
    AuditQueries,
    DeprecatedUseQueries,
):
    """What can be asked."""


@strawberry.type(description="What can be done.")
class Mutation(
    SensorMutations,
    SensorBulkMutations,
    EvaluationMutations,
    RunMutations,
    RunKeyMutations,
    RunLimitMutations,
    RerunMutations,
    CodeLocationMutations,
    DynamicPartitionsMutations,
    AssetMutations,
    TokenMutations,
):
    """What can be done."""


class _Executor(PlannedExecutor, StrawberryGraphQLCoreExecutionContext):
    """Executes by plans, with what strawberry tells its resolvers."""


class Schema(strawberry.Schema):
    """A schema whose errors are fit for clients."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Replace what no client should see, in place, before the errors are sent."""
        errors[:] = [presentable(error) for error in errors]
        if execution_context is not None and not _knows_schema(execution_context.context):
            errors[:] = [without_suggestion(error) for error in errors]


def _knows_schema(context: Context) -> bool:
    return context.limits.tells_schema_to(context.authority.role)


schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=(*MEMBERS, *REASONS, Materialization, Observation, AssetCheckEvaluation),
    extensions=[Operations],
    execution_context_class=_Executor,
    config=CONFIG,
)


def new_context(database: Database, bus: Bus, settings: Settings) -> Context:
    """Return the context of a server, from which each operation gets its own."""
    passing_time, relay = PassingTime(database, bus), Relay(database, bus)
    return Context(database, bus, settings, Limits.of(settings), Loaders, passing_time, relay)
