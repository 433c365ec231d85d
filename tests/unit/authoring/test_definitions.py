from collections.abc import Callable
from typing import Any

import pytest

from vedette import DefinitionError, Definitions, job, op, sensor


@op
def nothing() -> None: ...


@job
def one() -> None:
    nothing()


@job
def two() -> None:
    nothing()


@job(name="one")
def other_one() -> None:
    nothing()


@sensor(jobs=[one, two])
def both() -> None: ...


@sensor(job_name="one")
def by_name() -> None: ...


def test_jobs_of_sensors_are_added_and_the_catalog_tells_all() -> None:
    definitions = Definitions(sensors=(both, by_name), jobs=[two, two])
    catalog = definitions.catalog()
    assert [spec.name for spec in catalog.sensors] == ["both", "by_name"]
    assert [spec.name for spec in catalog.jobs] == ["two", "one"]
    assert definitions.get_job_def("one") is one
    assert catalog.version == Definitions(sensors=[both, by_name], jobs=[two]).catalog().version
    assert catalog.version != Definitions(sensors=[both]).catalog().version


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"sensors": [by_name]}, ['"by_name"', '"one"', "jobs="]),
        ({"jobs": [one, other_one]}, ['two different jobs called "one"']),
        ({"jobs": [other_one], "sensors": [both]}, ['two different jobs called "one"']),
        ({"sensors": [both, sensor(name="both")(lambda: None)]}, ['two different sensors called "both"']),
        ({"sensors": [one]}, ["is no sensor", "@sensor"]),
        ({"jobs": [lambda: None]}, ["is no job", "@job"]),
        ({"jobs": one}, ["takes a list"]),
    ],
)
def test_definitions_that_do_not_fit_together_are_refused(arguments: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(DefinitionError) as caught:
        Definitions(**arguments)
    for word in words:
        assert word in str(caught.value)


def test_an_unknown_name_is_named_with_those_that_there_are() -> None:
    definitions = Definitions(jobs=[one, two])
    with pytest.raises(DefinitionError, match=r'no job "three" \(one, two\)'):
        definitions.get_job_def("three")
    with pytest.raises(DefinitionError, match=r'no sensor "x" \(there are none\)'):
        definitions.get_sensor_def("x")


@pytest.mark.parametrize(
    ("define", "message"),
    [
        (Definitions, r"^Definitions does not take nothing_known=: .*Leave it out.* sensors=, jobs="),
        (op, r"^@op does not take nothing_known=: .* name=, description=, ins=, out="),
        (job, r"^@job does not take nothing_known=: .* on_interrupted="),
        (sensor, r"^@sensor does not take nothing_known=: .* job_name=, name="),
    ],
)
def test_a_keyword_that_is_not_there_is_named_with_those_that_are(define: Callable[..., Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        define(nothing_known=[])


def test_definitions_are_merged_and_what_differs_is_named() -> None:
    @op(required_resource_keys={"api"})
    def calls() -> None: ...

    @job
    def works() -> None:
        calls()

    @sensor(job=works)
    def watches() -> None: ...

    api = object()
    one = Definitions(sensors=[watches], resources={"api": api})
    other = Definitions(jobs=[works], sensors=(each for each in [watches]), resources={"api": api, "more": 1})
    merged = Definitions.merge(one, other)
    assert [each.name for each in merged.sensors] == ["watches"]
    assert [each.name for each in merged.jobs] == ["works"]
    assert set(merged.resources) == {"api", "more"}
    with pytest.raises(DefinitionError, match='different resources "api"'):
        Definitions.merge(one, Definitions(resources={"api": 2}))
    with pytest.raises(DefinitionError, match='two different sensors called "watches"'):
        Definitions.merge(one, Definitions(sensors=[sensor(name="watches")(lambda: None)]))
    with pytest.raises(DefinitionError, match="takes Definitions"):
        Definitions.merge(one, [watches])  # type: ignore[arg-type]
