"""What Prometheus is told: names that are documented, histograms that are histograms, labels of few values."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics import MetricWrapperBase

from vedette.graphql.documents.operation_names import MOST_NAMES, OperationNames
from vedette.graphql.documents.requests import Operation, operation_of
from vedette.telemetry import metrics
from vedette.telemetry.distributions import Distribution
from vedette.telemetry.few_names import LONGEST_NAME, OTHER, UNNAMED

DOCUMENT = Path(__file__).parents[3] / "docs" / "metrics.md"
ROW = re.compile(r"^\| `(vedette_\w+)` \| (\w+) \| ([^|]*) \|", re.MULTILINE)


def defined() -> set[tuple[str, str, frozenset[str]]]:
    """Return name, type and labels of all that the module defines."""
    found = set()
    for one in vars(metrics).values():
        if isinstance(one, MetricWrapperBase):
            name = f"{one._name}_total" if one._type == "counter" else one._name
            found.add((name, str(one._type), frozenset(map(str, one._labelnames))))
        elif isinstance(one, Distribution):
            found.add((one._name, "histogram", frozenset()))
    return found


def test_every_metric_is_documented_and_every_documented_one_is_there() -> None:
    rows = ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    documented = {(name, kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert documented == defined()


def samples(registry: CollectorRegistry, name: str) -> list[tuple[str, dict[str, str], float]]:
    [family] = [family for family in registry.collect() if family.name == name]
    return [(one.name, one.labels, one.value) for one in family.samples if not one.name.endswith("_created")]


BOUNDS = (0.001, 0.5, 1.0, 30.0)
# Numbers that add up without rounding, and the bounds themselves.
VALUES = st.lists(st.lists(st.sampled_from([0.0, 0.0009765625, 0.25, 0.5, 0.75, 1.0, 4.0, 30.0, 31.0, 1024.0, -1.0])))


@given(VALUES)
def test_a_distribution_tells_what_the_stock_histogram_tells(batches: list[list[float]]) -> None:
    ours, stock = CollectorRegistry(), CollectorRegistry()
    distribution = Distribution(ours, "x_seconds", "x", BOUNDS)
    histogram = Histogram("x_seconds", "x", buckets=BOUNDS, registry=stock)
    for batch in batches:
        distribution.add(batch)
        for value in batch:
            histogram.observe(value)
    assert sorted(samples(ours, "x_seconds"), key=repr) == sorted(samples(stock, "x_seconds"), key=repr)
    assert b'x_seconds_bucket{le="30.0"}' in generate_latest(ours)


def operation(text: str) -> Operation:
    return operation_of(text, None, None, 1000)


def test_clients_cannot_make_more_names_than_there_is_room_for() -> None:
    names = OperationNames(["Known"])
    seen = {names.of(operation(f"query Query{number} {{ a }}")) for number in range(3 * MOST_NAMES)}
    assert len(seen) == MOST_NAMES + 1
    assert OTHER in seen
    assert names.of(operation("query Known { a }")) == "Known"
    assert names.of(operation("query Query0 { a }")) == "Query0"


@pytest.mark.parametrize(("text", "name"), [("{ a }", UNNAMED), (f"query {'a' * (LONGEST_NAME + 1)} {{ a }}", OTHER)])
def test_operations_without_a_name_or_with_one_that_is_too_long(text: str, name: str) -> None:
    assert OperationNames().of(operation(text)) == name


def test_a_gauge_shows_what_is_read_while_somebody_has_it_shown() -> None:
    registry = CollectorRegistry()
    gauge, labelled = Gauge("a", "a", registry=registry), Gauge("b", "b", ["of"], registry=registry)
    held: list[Any] = [1, 2]
    with metrics.shown(gauge, lambda: len(held)), metrics.shown(labelled, lambda: len(held), "x"):
        held.append(3)
        assert samples(registry, "a") == [("a", {}, 3.0)]
        assert samples(registry, "b") == [("b", {"of": "x"}, 3.0)]
    assert samples(registry, "a") == [("a", {}, 0.0)]
    assert samples(registry, "b") == []


def test_a_commit_that_fails_is_counted_as_such() -> None:
    def commits(outcome: str) -> float:
        return metrics.REGISTRY.get_sample_value("vedette_commits_total", {"what": "test", "outcome": outcome}) or 0.0

    with metrics.commit("test", 3):
        pass
    with pytest.raises(OSError, match="away"), metrics.commit("test", 3):
        raise OSError("away")
    assert (commits("done"), commits("error")) == (1, 1)
