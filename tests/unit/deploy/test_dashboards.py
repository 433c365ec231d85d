"""The dashboard and the alert rules: every expression parses, and uses metrics and labels that there are."""

import itertools
import json
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from vedette.telemetry import metrics
from vedette.telemetry.distributions import Distribution

DASHBOARDS = Path(__file__).parents[3] / "deploy" / "dashboards"
DASHBOARD = json.loads((DASHBOARDS / "vedette.json").read_text(encoding="utf-8"))
ALERTS = yaml.safe_load((DASHBOARDS / "alerts.yaml").read_text(encoding="utf-8"))
# Those of whoever scrapes, and of histograms.
ANYWHERE = {"job", "instance", "le"}
# Of the Prometheus client, for every process.
OF_THE_CLIENT = {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_start_time_seconds"}


def known() -> dict[str, set[str]]:
    """Return the names of all series with their labels."""
    found: dict[str, set[str]] = {name: set() for name in OF_THE_CLIENT}
    for one in vars(metrics).values():
        if isinstance(one, MetricWrapperBase):
            labels = set(one._labelnames)
            kind, name = one._type, one._name
        elif isinstance(one, Distribution):
            labels, kind, name = set(), "histogram", one._name
        else:
            continue
        endings = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(str(kind), [""])
        found |= {name + ending: labels for ending in endings}
    return found


def selectors(expression: Any) -> list[Any]:
    """Return the selectors of series in a parsed expression."""
    return parts(expression, promql_parser.VectorSelector)


def groupings(expression: Any) -> set[str]:
    """Return the labels that aggregations of a parsed expression keep or drop."""
    modifiers = [one.modifier for one in parts(expression, promql_parser.AggregateExpr)]
    return {label for modifier in modifiers if modifier is not None for label in modifier.labels}


def parts(expression: Any, kind: type) -> list[Any]:
    found: list[Any] = []
    promql_parser.walk(expression, lambda one: found.append(one) if isinstance(one, kind) else None)
    return found


def of_dashboard() -> list[tuple[str, str]]:
    """Return every expression of the dashboard with its panel's title, variables as Grafana would fill them in."""
    found = []
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            text = target["expr"].replace("$__rate_interval", "1m").replace("$job", ".+")
            found.append((f"{panel['title']}, {target['refId']}", text))
    return found


def of_alerts() -> list[tuple[str, str]]:
    """Return every alert's name and expression."""
    return [(rule["alert"], rule["expr"]) for group in ALERTS["groups"] for rule in group["rules"]]


@pytest.mark.parametrize(("where", "text"), of_dashboard() + of_alerts())
def test_every_expression_is_of_metrics_and_labels_that_there_are(where: str, text: str) -> None:
    parsed, series = promql_parser.parse(text), known()
    found = selectors(parsed)
    assert found, where
    labels: set[str] = set()
    for selector in found:
        assert selector.name in series, f"{where}: there is no {selector.name}"
        used = {matcher.name for matcher in selector.matchers.matchers}
        assert used <= series[selector.name] | ANYWHERE, f"{where}: {selector.name} has no label {used}"
        labels |= series[selector.name]
    assert groupings(parsed) <= labels | ANYWHERE, where


def test_an_expression_of_a_metric_that_is_gone_is_found() -> None:
    [one] = selectors(promql_parser.parse("sum(rate(vedette_gone_total[5m])) by (x)"))
    assert one.name not in known()


def test_every_metric_of_ours_is_on_the_dashboard() -> None:
    shown = " ".join(text for _, text in of_dashboard())
    absent = {name for name in known() if name not in shown and not name.endswith(("_sum", "_count"))}
    assert absent - OF_THE_CLIENT == {"vedette_build_info", "vedette_shards_held"}


def test_every_panel_says_what_it_is_and_lies_on_the_grid() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        columns, rows = (range(place[at], place[at] + place[size]) for at, size in ("xw", "yh"))
        cells = set(itertools.product(columns, rows))
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
        assert panel["type"] == "row" or (panel["description"] and panel["fieldConfig"]["defaults"]["unit"])
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    for group in ALERTS["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in {"warning", "critical"}, rule["alert"]
            assert all(rule["annotations"][name] for name in ("summary", "description")), rule["alert"]
