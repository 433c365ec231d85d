from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from vedette import (
    ConfigurableResource,
    ConfigurableResourceFactory,
    DefinitionError,
    Definitions,
    InitResourceContext,
    InvalidConfig,
    InvocationError,
    ResourceDefinition,
    ResourceDependency,
    ResourceParam,
    RunConfig,
    SensorEvaluationContext,
    UnknownResource,
    build_init_resource_context,
    build_op_context,
    build_resources,
    build_sensor_context,
    job,
    op,
    resource,
    sensor,
)


class Api(ConfigurableResource):
    url: str
    pages: int = 1

    def users(self) -> str:
        """Tell where they are."""
        return f"{self.url}:{self.pages}"


class Cached(ConfigurableResource):
    api: Api
    size: int = 3


class Connection:
    def __init__(self, text: str) -> None:
        self.text = text


class Connects(ConfigurableResourceFactory[Connection]):
    text: str

    def create_resource(self, context: InitResourceContext) -> Connection:
        """Make one."""
        return Connection(self.text)


class Reader(ConfigurableResource):
    connection: ResourceDependency[Connection]


@sensor()
def asks(context: SensorEvaluationContext, api: Api) -> str:
    return api.users()


@sensor(required_resource_keys={"api"})
def asks_by_key(context: SensorEvaluationContext) -> str:
    return str(context.resources.api.users())


@op
def fetch(api: Api) -> str:
    return api.users()


@job
def fetches() -> None:
    fetch()


def test_a_missing_resource_is_told_when_the_definitions_are_made() -> None:
    with pytest.raises(
        DefinitionError, match=r'Sensor "asks" needs the resource "api", which was not provided .*there'
    ):
        Definitions(sensors=[asks])
    with pytest.raises(DefinitionError) as caught:
        Definitions(sensors=[asks])
    [note] = caught.value.__notes__
    assert note.startswith(f'Sensor "asks" is defined in {__file__}, line ')
    with pytest.raises(DefinitionError, match=r'"api", which was not provided \(other\); add it to resources='):
        Definitions(sensors=[asks_by_key], resources={"other": 1})
    with pytest.raises(DefinitionError, match='Op "fetch" of job "fetches" needs the resource "api"'):
        Definitions(jobs=[fetches])

    @resource(required_resource_keys={"api"})
    def wraps(context: InitResourceContext) -> Any:
        return context.resources.api

    @sensor()
    def indirect(wraps: ResourceParam[object]) -> None: ...

    with pytest.raises(
        DefinitionError, match='Resource "wraps", which Sensor "indirect" uses, needs the resource "api"'
    ):
        Definitions(sensors=[indirect], resources={"wraps": wraps})


def test_resources_that_require_one_another_are_refused() -> None:
    @resource(required_resource_keys={"b"})
    def first() -> None: ...

    @resource(required_resource_keys={"a"})
    def second() -> None: ...

    @sensor(required_resource_keys={"a"})
    def uses() -> None: ...

    with pytest.raises(DefinitionError, match="a → b → a"):
        Definitions(sensors=[uses], resources={"a": first, "b": second})


def test_parameters_that_take_resources_are_told_by_their_annotation() -> None:
    @sensor()
    def every(
        api: "Api", ctx: SensorEvaluationContext, raw: ResourceParam[str], conn: ResourceParam["Connection"]
    ) -> None: ...

    assert every.required_resource_keys == {"api", "raw", "conn"}
    with pytest.raises(DefinitionError, match=r"takes a, b.*annotated with their class"):
        sensor(name="two")(lambda a, b: None)


def test_direct_invocation_takes_resources_as_keywords_or_from_the_context() -> None:
    fake = Api(url="fake")
    assert asks(build_sensor_context(), api=fake) == "fake:1"
    assert asks(build_sensor_context(resources={"api": fake})) == "fake:1"
    assert asks_by_key(build_sensor_context(resources={"api": fake})) == "fake:1"
    assert asks(None, api=fake) == "fake:1"
    definitions = Definitions(sensors=[asks], resources={"api": fake})
    assert asks(build_sensor_context(definitions=definitions)) == "fake:1"
    with pytest.raises(InvocationError, match='requires the resource "api", which was not provided'):
        asks(None)
    with pytest.raises(DefinitionError, match='Sensor "asks" needs the resource "api"'):
        asks(build_sensor_context())
    with pytest.raises(InvocationError, match='"api" twice'):
        asks(build_sensor_context(resources={"api": fake}), api=fake)
    with pytest.raises(InvocationError, match="resources are passed as keywords"):
        asks(build_sensor_context(), fake)


def test_a_resource_that_was_not_asked_for_is_told_with_the_remedy() -> None:
    @sensor()
    def careless(context: SensorEvaluationContext) -> None:
        _ = context.resources.api

    error = careless.evaluate_tick(build_sensor_context(resources={})).error
    assert error is not None
    assert error.type == "UnknownResource"
    assert 'Sensor "careless" uses the resource "api" and did not ask for it' in error.message
    assert not hasattr(build_sensor_context().resources, "api")
    assert issubclass(UnknownResource, AttributeError)


def test_context_managers_need_a_with_and_are_torn_down_after_it() -> None:
    events: list[str] = []

    @resource
    def opened(context: InitResourceContext) -> Iterator[str]:
        events.append("open")
        yield "value"
        events.append("close")

    @sensor(required_resource_keys={"thing"})
    def uses(context: SensorEvaluationContext) -> str:
        return str(context.resources.thing)

    with pytest.raises(InvocationError, match="with build"):
        uses(build_sensor_context(resources={"thing": opened}))
    events.clear()
    with build_sensor_context(resources={"thing": opened}) as context:
        assert uses(context) == "value"
        assert events == ["open"]
    assert events == ["open", "close"]
    with build_resources({"thing": opened}) as resources:
        assert resources.thing == "value"
    assert events == ["open", "close", "open", "close"]


def test_nested_resources_are_built_first_and_shared_where_they_are_the_same() -> None:
    api = Api(url="u")
    with build_resources({"api": api, "cached": Cached(api=api)}) as resources:
        assert resources.cached.api is resources.api
        assert resources.api is not api
    with build_resources({"reader": Reader(connection=Connects(text="t"))}) as resources:
        assert resources.reader.connection.text == "t"
    with build_resources({"reader": Reader(connection="any value")}) as resources:
        assert resources.reader.connection == "any value"


def test_functions_of_resources_get_config_and_others() -> None:
    @resource(config_schema={"name": str, "times": int}, required_resource_keys={"api"})
    def named(context: InitResourceContext) -> str:
        """Name it."""
        return f"{context.resource_config['name'] * context.resource_config['times']} {context.resources.api.users()}"

    assert named.description == "Name it."
    configured = named.configured({"name": "a", "times": 2})
    with build_resources({"api": Api(url="u"), "named": configured}) as resources:
        assert resources.named == "aa u:1"
    with build_resources(
        {"api": Api(url="u"), "named": named}, resource_config={"named": {"config": {"name": "b", "times": 1}}}
    ) as resources:
        assert resources.named == "b u:1"
    context = build_init_resource_context(config={"name": "c", "times": 1}, resources={"api": Api(url="v")})
    assert named(context) == "c v:1"
    with pytest.raises(DefinitionError, match=r"times.*valid integer"):
        named.configured({"name": "a", "times": "2"})
    with build_resources({"n": ResourceDefinition.none_resource()}) as resources:
        assert resources.n is None


def test_a_run_configures_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    defs = Definitions(jobs=[fetches], resources={"api": Api.configure_at_launch(pages=4)})
    bound = defs.get_job_def("fetches")
    schema = bound.config_schema()
    run_config = RunConfig(resources={"api": {"url": "here"}})
    jsonschema.validate(run_config.to_dict(), schema)
    assert bound.execute_in_process(run_config).output_for_node("fetch") == "here:4"
    assert (
        bound.execute_in_process({"resources": {"api": {"config": {"url": "x", "pages": 5}}}}).output_for_node("fetch")
        == "x:5"
    )
    monkeypatch.setenv("URL", "from env")
    assert (
        bound.execute_in_process({"resources": {"api": {"config": {"url": {"env": "URL"}}}}}).output_for_node("fetch")
        == "from env:4"
    )
    with pytest.raises(InvalidConfig, match="resources is missing"):
        bound.resolve_config({})
    with pytest.raises(InvalidConfig, match=r"resources\.ape names no resource of this job that takes config \(api\)"):
        bound.resolve_config({"resources": {"api": {"config": {"url": "u"}}, "ape": {}}})
    assert fetches.execute_in_process(resources={"api": Api(url="test")}).output_for_node("fetch") == "test:1"


def test_what_a_resource_is_configured_with_is_not_published_but_may_be_changed() -> None:
    defs = Definitions(jobs=[fetches], resources={"api": Api(url="hunter2")})
    bound = defs.get_job_def("fetches")
    assert "hunter2" not in str(bound.config_schema())
    assert bound.execute_in_process().output_for_node("fetch") == "hunter2:1"
    assert (
        bound.execute_in_process({"resources": {"api": {"config": {"pages": 2}}}}).output_for_node("fetch")
        == "hunter2:2"
    )


def test_a_sensor_cannot_use_what_only_a_run_configures() -> None:
    with pytest.raises(DefinitionError, match='Sensor "asks" needs the resource "api", whose config is to come from'):
        Definitions(sensors=[asks], resources={"api": Api.configure_at_launch()})


def test_a_field_configured_at_launch_needs_a_key_of_its_own() -> None:
    api = Api.configure_at_launch()
    cached: Any = Cached(api=api)

    @op(required_resource_keys={"cached"})
    def uses(context: Any) -> str:
        return str(context.resources.cached.api.users())

    @job
    def using() -> None:
        uses()

    with pytest.raises(DefinitionError, match="a key of its own in resources="):
        Definitions(jobs=[using], resources={"cached": cached})
    bound = Definitions(jobs=[using], resources={"cached": cached, "api": api}).get_job_def("using")
    result = bound.execute_in_process({"resources": {"api": {"config": {"url": "u"}}}})
    assert result.output_for_node("uses") == "u:1"


def test_ops_take_resources_in_tests() -> None:
    assert fetch(Api(url="direct")) == "direct:1"
    assert fetch(api=Api(url="direct")) == "direct:1"

    @op(required_resource_keys={"api"})
    def by_key(context: Any) -> str:
        return str(context.resources.api.users())

    assert by_key(build_op_context(resources={"api": Api(url="k")})) == "k:1"
    with pytest.raises(InvocationError, match="Pass the resource as api="):
        fetch()


def test_lifetimes_are_checked() -> None:
    class Pool(ConfigurableResource, lifetime="process"):
        api: Api

    class Slow(ConfigurableResource):
        def setup_for_execution(self, context: InitResourceContext) -> None:
            """Do nothing."""

    class Holds(ConfigurableResource, lifetime="process"):
        slow: Slow

    Definitions(resources={"pool": Pool(api=Api(url="u"))})
    with pytest.raises(DefinitionError, match='"holds" lives as long as its process, but is built from "Slow"'):
        Definitions(resources={"holds": Holds(slow=Slow())})
    with pytest.raises(DefinitionError, match='"execution" or "process", not \'tick\''):
        resource(lifetime="tick")(lambda: None)  # type: ignore[call-overload]  # wrong on purpose


def test_resources_are_immutable_and_checked() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(Api(url="u"), "url", "v")  # noqa: B010 (mypy knows better)
    with pytest.raises(ValueError, match="urll"):
        Api(urll="u")  # type: ignore[call-arg]  # wrong on purpose
    with pytest.raises(DefinitionError, match="has no field urll"):
        Api.configure_at_launch(urll="u")
    with pytest.raises(DefinitionError, match="mapping of key to resource"):
        Definitions(resources=[Api(url="u")])  # type: ignore[arg-type]  # wrong on purpose
