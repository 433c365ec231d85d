"""Values that go from op to op by an IO manager: the one that an output names, or that of the job."""

from pathlib import Path
from typing import Any

import pytest

from vedette import (
    ConfigurableIOManager,
    ConfigurableIOManagerFactory,
    DefinitionError,
    Definitions,
    In,
    InputContext,
    IOManager,
    Out,
    OutputContext,
    fs_io_manager,
    graph,
    io_manager,
    job,
    mem_io_manager,
    op,
)


class Recording(IOManager):
    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        self.kept["/".join(context.get_identifier()[1:])] = obj
        self.metadata[context.name] = context.metadata

    def load_input(self, context: InputContext) -> Any:
        assert context.upstream_output is not None
        return [self.kept["/".join(context.upstream_output.get_identifier()[1:])]]


@op(out={"kept": Out(io_manager_key="store", metadata={"table": "t"}), "passed": Out()})
def makes() -> tuple[int, int]:
    return 1, 2


@op(out=Out(io_manager_key="store"))
def takes(kept: Any, passed: Any) -> Any:
    return kept, passed


@op
def ends(both: Any) -> Any:
    return both


@graph
def flows() -> Any:
    kept, passed = makes()
    return ends([takes(kept, passed)])


def test_an_output_that_names_an_io_manager_goes_by_it_and_others_do_not() -> None:
    store = Recording()
    result = flows.to_job(resource_defs={"store": store}).execute_in_process()
    assert store.kept == {"makes/kept": 1, "takes/result": ([1], 2)}
    assert store.metadata["kept"] == {"table": "t"}
    assert result.output_for_node("ends") == [[([1], 2)]]
    assert result.output_for_node("makes", "kept") == 1


def test_the_io_manager_of_a_job_is_for_all_of_its_values() -> None:
    store, default = Recording(), Recording()
    definitions = Definitions(jobs=[flows], resources={"store": store, "io_manager": default})
    assert definitions.get_job_def("flows").execute_in_process().success
    assert default.kept == {"makes/passed": 2, "ends/result": [[([1], [2])]]}


def test_one_that_is_missing_is_named_when_it_is_defined() -> None:
    with pytest.raises(DefinitionError, match=r'Op "makes" of job "flows" needs the resource "store"'):
        Definitions(jobs=[flows])


def test_an_input_may_be_loaded_by_another() -> None:
    class Loader(IOManager):
        def handle_output(self, context: OutputContext, obj: Any) -> None:
            raise AssertionError("it only loads")

        def load_input(self, context: InputContext) -> Any:
            return "loaded"

    @op(ins={"value": In(input_manager_key="loader")})
    def shows(value: Any) -> Any:
        return value

    @job(resource_defs={"loader": Loader(), "store": Recording()})
    def loads() -> None:
        shows(ends([makes().passed]))

    assert loads.execute_in_process().output_for_node("shows") == "loaded"


def test_io_managers_are_resources_with_config(tmp_path: Path) -> None:
    class Suffixed(ConfigurableIOManager):
        suffix: str

        def handle_output(self, context: OutputContext, obj: Any) -> None:
            (tmp_path / f"{context.step_key}.{self.suffix}").write_text(str(obj))

        def load_input(self, context: InputContext) -> Any:
            return (tmp_path / f"{context.step_key}.{self.suffix}").read_text()

    class Made(ConfigurableIOManagerFactory):
        suffix: str

        def create_io_manager(self, context: Any) -> Any:
            return Suffixed(suffix=self.suffix)

    @io_manager(config_schema={"suffix": str})
    def configured(context: Any) -> Any:
        return Suffixed(suffix=context.resource_config["suffix"])

    @op
    def one() -> int:
        return 1

    @job
    def passes() -> None:
        ends(one())

    for number, manager in enumerate((Suffixed(suffix="a"), Made(suffix="b"), configured.configured({"suffix": "c"}))):
        result = passes.execute_in_process(resources={"io_manager": manager})
        assert result.output_for_node("ends") == "1", number
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "ends.a", "ends.b", "ends.c", "one.a", "one.b", "one.c"
    ]  # fmt: skip
    files = fs_io_manager.configured({"base_dir": str(tmp_path / "files")})
    assert passes.execute_in_process(resources={"io_manager": files}).output_for_node("ends") == 1
    assert list((tmp_path / "files").rglob(".value*"))
    assert passes.execute_in_process(resources={"io_manager": mem_io_manager}).output_for_node("ends") == 1
