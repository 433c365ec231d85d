"""What plans answer is what graphql-core answers, for this schema and documents of any shape over real rows."""

import re
from collections import Counter
from typing import Any

import graphql
import pytest
from anyio.from_thread import BlockingPortal
from graphql.execution import Executor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

import seeds
from documents import CONDITIONS, Drawn, documents
from vedette.bus import Bus
from vedette.domain.assets import AssetEventKind, CheckOutcome
from vedette.domain.catalog import AssetSpec, JobSpec, OpSpec, SensorSpec, SensorStatus
from vedette.graphql import ids
from vedette.graphql.context import Context
from vedette.graphql.plans.leaves import taking
from vedette.graphql.schema import new_context, schema
from vedette.settings import Settings
from vedette.storage.database import Database

SCHEMA = schema._schema
TEXTS = st.sampled_from(["2026-01-01T00:00:10Z", "2030-01-01T00:00:00Z"]).map(
    lambda text: graphql.StringValueNode(value=text)
)
SCALARS = {
    "DateTime": TEXTS,
    "JSON": st.just(graphql.ObjectValueNode(fields=())),
    "StreamPosition": st.just(graphql.StringValueNode(value="1")),
}


async def rows(database: Database) -> dict[str, list[str]]:
    """Add some of everything; return ids of it by type."""
    location = await seeds.code_location(database)
    job = await seeds.job(database, JobSpec(name="process", ops=(OpSpec("load"), OpSpec("report", None, ("load",)))))
    specs = [
        SensorSpec(name=f"s{n}", job_names=("process",), tags={"team": "data"}, default_status=SensorStatus.RUNNING)
        for n in range(4)
    ]
    found: dict[str, list[str]] = {
        "CodeLocation": [ids.encode("CodeLocation", location)],
        "Job": [ids.encode("Job", job)],
    }
    for number, sensor in enumerate(await seeds.sensors(database, specs), start=1):
        failed = '{"type": "ValueError", "message": "no", "stack": ["at 1"]}'
        await seeds.tick(database, sensor, number, "FAILURE")
        await seeds.execute(database, "UPDATE ticks SET error = CAST(:error AS jsonb)", error=failed)
        tick = await seeds.tick(database, sensor, number + 10, "SUCCESS")
        run = await seeds.run(database, number, sensor_id=sensor, tick_id=tick, tags='{"a": "b"}')
        await seeds.run_event(database, run, "RUN_STARTED", "STARTED")
        await seeds.assets(database, [AssetSpec((f"a{number}",), deps=(("a1",),), jobs=("process",))])
        for place, told in enumerate(AssetEventKind):
            check = CheckOutcome("c", passed=True) if told is AssetEventKind.CHECK else None
            await seeds.asset_event(database, f"a{number}", told, run_id=run, place=place, check=check)
        found.setdefault("Asset", []).append(ids.encode("Asset", f"a{number}"))
        for kind, key in (("Sensor", sensor), ("Tick", tick), ("Run", run)):
            found.setdefault(kind, []).append(ids.encode(kind, key))
    return found


async def answer(executor: type[Executor[Any]], drawn: Drawn, variables: dict[str, Any], context: Context) -> Any:
    execute: Any = graphql.execute
    found = execute(
        SCHEMA,
        drawn.document,
        context_value=context.for_operation(),
        variable_values=variables,
        is_awaitable=optimized_is_awaitable,
        executor_class=executor,
    )
    result = await found if optimized_is_awaitable(found) else found
    errors = Counter((error.message, tuple(error.path or ()), str(error.locations)) for error in result.errors or ())
    return _timeless(str(result.data)), errors


def _timeless(text: str) -> str:
    """Leave out what time itself changes: how late something is, and when it was looked at."""
    return re.sub(r"'(\w*lag\w*)': [\d.]+", r"'\1': 0", text, flags=re.IGNORECASE)


@pytest.fixture
def context(portal: BlockingPortal, database_url: str) -> Any:
    with (
        portal.wrap_async_context_manager(Database(database_url)) as database,
        portal.wrap_async_context_manager(Bus(database_url)) as bus,
    ):
        yield new_context(database, bus, Settings())


def test_moments_and_enums_of_this_schema_are_taken_on_the_spot() -> None:
    assert taking(SCHEMA.get_type("DateTime")).done == "v# = iso(v#)"
    for name in ("SensorStatus", "TickStatus", "RunStatus"):
        assert taking(SCHEMA.get_type(name)).done == "v# = v#._name_"


def test_data_and_errors_are_those_of_graphql_core(portal: BlockingPortal, context: Context) -> None:
    known = portal.call(rows, context.database)
    keys = st.sampled_from([one for each in known.values() for one in each] + ["nonsense"])
    planned: Any = schema.execution_context_class

    @settings(max_examples=100, suppress_health_check=list(HealthCheck))
    @given(documents(SCHEMA, custom_scalars=SCALARS, allow_null=False), keys, st.booleans())
    def holds(drawn: Drawn, key: str, condition: bool) -> None:
        # Texts that were drawn name nothing; an id here and there does.
        given_values = {name: _with_id(value, key) for name, value in drawn.variables.items()}
        variables = given_values | dict(zip(CONDITIONS, (condition, not condition), strict=True))
        expected = portal.call(answer, StrawberryGraphQLCoreExecutionContext, drawn, variables, context)
        found = portal.call(answer, planned, drawn, variables, context)
        assert found == expected, graphql.print_ast(drawn.document)

    holds()


def _with_id(value: Any, key: str) -> Any:
    return key if isinstance(value, str) and not value.isupper() and not value.startswith("20") else value


WIDE = """
query($id: ID!) {
  sensors(first: 3) { edges { cursor node {
    ...Sensor lastTick { ...Tick sensor { id } runs { edges { node { ...Run } } } }
    ticks(first: 2) { edges { node { ...Tick } } pageInfo { hasNextPage endCursor } }
    runs { edges { node { ...Run } } }
    tickCounts(windowSeconds: 60) { success }
  } } }
  sensor: node(id: $id) { __typename id ...Sensor }
  bad: node(id: $id) { id ... on Sensor { tickCounts(windowSeconds: -1) { success } } }
  tick: node(id: $id) { ...Tick }
  run: node(id: $id) { ...Run ... on Job { name ops { name dependsOn } sensors { name } } }
  nodes(ids: [$id, $id]) { id }
  runs { edges { node { ...Run job { name codeLocation { name } } tick { number } steps { name } } } }
  jobs { edges { node { name runs(first: 1) { edges { node { id } } } } } }
  asset: node(id: $id) { ...Asset }
  assets { edges { node { ...Asset } } }
  codeLocations { name sensors { edges { node { name } } } }
}
fragment Sensor on Sensor { name kind status nextTickAt cursor { value version } codeLocation { name }
  tags { key value } targets { __typename ... on Job { name } } statusReason { source actor }
  metadata owners condition { kind until } }
fragment Asset on Asset { key group metadata jobs { name } dependsOn { key } dependents { key } sensors { name }
  latestMaterialization { position run { id } } events { edges { node { __typename at metadata
    ... on AssetCheckEvaluation { checkName passed } asset { key } run { id } } } } }
fragment Tick on Tick { number status startedAt durationSeconds error { type message stack }
  logs { edges { node { message } } } }
fragment Run on Run { jobName status queuedAt tags { key value } runConfig sensor { name } rerunOf { id }
  events { edges { node { position kind at data } } } assets { key }
  assetEvents { edges { node { position assetKey } } } }
"""


def test_a_wide_document_has_the_same_answer(portal: BlockingPortal, context: Context) -> None:
    known = portal.call(rows, context.database)
    drawn = Drawn(graphql.parse(WIDE), {})
    assert not graphql.validate(SCHEMA, drawn.document)
    planned: Any = schema.execution_context_class
    for key in ["nonsense", *(one for each in known.values() for one in each)]:
        expected = portal.call(answer, StrawberryGraphQLCoreExecutionContext, drawn, {"id": key}, context)
        assert portal.call(answer, planned, drawn, {"id": key}, context) == expected
        assert "'s1'" in expected[0] or key == "nonsense", expected[1]
