import re
from pathlib import Path
from typing import Any

import pytest

from vedette import Compute, Definitions, define_asset_job, graph, job, op
from vedette.domain.compute import ComputeSpec
from vedette.errors import DefinitionError


@op
def work() -> None:
    """Do nothing."""


def test_what_a_job_asks_for_is_in_the_catalog() -> None:
    @job(compute=Compute(cpu=2, memory="4GB"), engine_options={"ray": {"num_returns": 1}})
    def heavy() -> None:
        work()

    @graph
    def light() -> None:
        work()

    catalog = Definitions(jobs=[heavy, light.to_job(compute=Compute(gpu=1))]).catalog()
    specs = {spec.name: spec for spec in catalog.jobs}
    assert specs["heavy"].compute == ComputeSpec(cpu=2, memory_bytes=4_000_000_000)
    assert specs["heavy"].engine_options == {"ray": {"num_returns": 1}}
    assert specs["light"].compute == ComputeSpec(gpu=1)
    define_asset_job("all_assets", compute=Compute(cpu=1))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"compute": {"cpu": 2}}, "is a Compute"),
        ({"engine_options": {"spark": {}}}, "there are none for 'spark'"),
        ({"engine_options": ["ray"]}, "options by engine"),
        ({"engine_options": {"ray": {"a": object()}}}, "are wrong"),
    ],
)
def test_what_cannot_be_is_refused_where_it_is_written(options: dict[str, Any], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):

        @job(**options)
        def wrong() -> None:
            work()


def test_an_amount_that_there_cannot_be_is_refused() -> None:
    with pytest.raises(DefinitionError, match="cpu is a number above 0"):
        Compute(cpu=0)


def test_the_example_of_the_manual_is_a_project() -> None:
    text = (Path(__file__).parents[3] / "docs" / "engines.md").read_text(encoding="utf-8")
    [example] = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)
    [spec] = Definitions(jobs=[names["trains"]]).catalog().jobs
    assert spec.compute == ComputeSpec(4, 1, 16_000_000_000)
