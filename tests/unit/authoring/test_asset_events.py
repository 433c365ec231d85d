"""What authors tell of assets, and the metadata with it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from vedette import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    InvalidResult,
    MetadataValue,
    SensorResult,
    sensor,
)
from vedette.domain.assets import AssetEvent, AssetEventKind, CheckOutcome
from vedette.domain.metadata import MetadataEntry, MetadataKind


@pytest.mark.parametrize(
    ("given", "kind", "value"),
    [
        ("a", "TEXT", "a"),
        (3, "INT", 3),
        (2.5, "FLOAT", 2.5),
        (True, "BOOL", True),
        (None, "NULL", None),
        ({"a": [1]}, "JSON", {"a": [1]}),
        ([1, 2], "JSON", [1, 2]),
        (Path("/tmp/x"), "PATH", "/tmp/x"),
        (AssetKey(["a", "b"]), "ASSET", ["a", "b"]),
        (datetime(2026, 1, 1, tzinfo=UTC), "TIMESTAMP", 1767225600.0),
        (MetadataValue.url("https://a"), "URL", "https://a"),
        (MetadataValue.md("*a*"), "MARKDOWN", "*a*"),
        (MetadataValue.int(3), "INT", 3),
        (MetadataValue.float(float("nan")), "FLOAT", "nan"),
        (MetadataValue.table([{"a": 1}]), "TABLE", {"schema": {"columns": [{"name": "a"}]}, "records": [{"a": 1}]}),
    ],
)
def test_what_metadata_means(given: Any, kind: str, value: Any) -> None:
    event = AssetMaterialization("a", metadata={"it": given}).as_event()
    assert event.metadata["it"].kind == MetadataKind(kind)
    assert event.metadata["it"].value == value


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"rows": object()}, 'The metadata entry "rows" is wrong: .* is no metadata value; write it as text or JSON'),
        ({"rows": {1, 2}}, "is no metadata value"),
        ({"big": 2**70}, "more than 64 bits"),
        ({1: "a"}, "label 1"),
        ({"at": datetime(2026, 1, 1)}, "has no time zone"),  # noqa: DTZ001
        ("rows", "Metadata is a mapping"),
    ],
)
def test_what_is_no_metadata(metadata: Any, message: str) -> None:
    with pytest.raises(InvalidResult, match=message):
        AssetObservation("a", metadata=metadata)


def test_events_as_data() -> None:
    told = AssetMaterialization("shop/orders", "made", {"rows": 3}, partition="2026-01-01", tags={"a": 1})
    assert told.as_event() == AssetEvent(
        AssetEventKind.MATERIALIZATION,
        ("shop", "orders"),
        "2026-01-01",
        "made",
        {"rows": MetadataEntry(MetadataKind.INT, 3)},
        {"a": "1"},
    )
    check = AssetCheckEvaluation(asset_key="a", check_name="fresh", passed=False, severity=AssetCheckSeverity.WARN)
    assert check.as_event().check == CheckOutcome("fresh", False, AssetCheckSeverity.WARN)
    with pytest.raises(InvalidResult, match="passed is a bool"):
        AssetCheckEvaluation(asset_key="a", check_name="fresh", passed="yes")  # type: ignore[arg-type]
    with pytest.raises(InvalidResult, match="asset key is one text"):
        AssetMaterialization([])


def test_a_sensor_that_only_tells_of_assets() -> None:
    @sensor()
    def watch() -> SensorResult:
        return SensorResult(asset_events=[AssetMaterialization("a"), AssetObservation("b")])

    evaluation = watch.evaluate_tick()
    assert evaluation.skip_reason == "Told of 2 asset events and asked for no run."
    assert [event.key for event in evaluation.asset_events] == [("a",), ("b",)]
    with pytest.raises(InvalidResult, match="asset_events holds 3; it may hold AssetMaterialization"):
        SensorResult(asset_events=[3])  # type: ignore[list-item]


def test_a_partition_or_check_that_no_index_could_hold_is_refused() -> None:
    with pytest.raises(InvalidResult, match=r"partition .* is longer than 1024 bytes"):
        AssetMaterialization("a", partition="p" * 1025)
    with pytest.raises(InvalidResult, match=r"check_name .* is longer than 1024 bytes"):
        AssetCheckEvaluation("a", "c" * 1025, passed=True)
