"""Metadata of assets, outputs and checks: what authors write, made into typed entries."""

import builtins
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from os import PathLike, fspath
from typing import Any

from vedette.authoring.text import as_json, flaw_of, shown
from vedette.domain.assets import AssetKey, CoercibleToAssetKey
from vedette.domain.metadata import Metadata, MetadataEntry, MetadataKind
from vedette.errors import InvalidResult

Kind = MetadataKind


class MetadataValue(MetadataEntry, frozen=True):
    """A value of metadata and what it is; make one with a method that is named after that. Raises InvalidResult."""

    @staticmethod
    def text(text: str) -> "MetadataValue":
        """A text."""
        return MetadataValue(Kind.TEXT, _text(text))

    @staticmethod
    def url(url: str) -> "MetadataValue":
        """An address that can be opened."""
        return MetadataValue(Kind.URL, _text(url))

    @staticmethod
    def path(path: "str | PathLike[str]") -> "MetadataValue":
        """The path of a file."""
        return MetadataValue(Kind.PATH, _text(fspath(path)))

    @staticmethod
    def notebook(path: "str | PathLike[str]") -> "MetadataValue":
        """The path of a notebook."""
        return MetadataValue(Kind.NOTEBOOK, _text(fspath(path)))

    @staticmethod
    def md(data: str) -> "MetadataValue":
        """A text in Markdown."""
        return MetadataValue(Kind.MARKDOWN, _text(data))

    @staticmethod
    def json(data: Any) -> "MetadataValue":
        """Anything that can be written as JSON."""
        return MetadataValue(Kind.JSON, _json(data))

    @staticmethod
    def int(value: builtins.int) -> "MetadataValue":
        """A whole number."""
        if type(value) is builtins.bool or not hasattr(value, "__index__"):
            raise InvalidResult(f"The whole number of a metadata value is an int, not {shown(value)}.")
        return MetadataValue(Kind.INT, _json(value.__index__()))

    @staticmethod
    def float(value: builtins.float) -> "MetadataValue":
        """A number; one that is not finite is kept as a text."""
        number = builtins.float(value)
        return MetadataValue(Kind.FLOAT, number if math.isfinite(number) else str(number))

    @staticmethod
    def bool(value: builtins.bool) -> "MetadataValue":
        """True or False."""
        return MetadataValue(Kind.BOOL, builtins.bool(value))

    @staticmethod
    def null() -> "MetadataValue":
        """Nothing."""
        return MetadataValue(Kind.NULL, None)

    @staticmethod
    def timestamp(value: "datetime | builtins.float") -> "MetadataValue":
        """A moment: an aware datetime, or seconds since the epoch."""
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise InvalidResult(f"The time {value} of a metadata value has no time zone; give it one.")
            value = value.timestamp()
        return MetadataValue(Kind.TIMESTAMP, builtins.float(value))

    @staticmethod
    def run(run_id: str) -> "MetadataValue":
        """A run, by its id."""
        return MetadataValue(Kind.RUN, _text(run_id))

    dagster_run = run

    @staticmethod
    def job(job_name: str, location_name: str | None = None) -> "MetadataValue":
        """A job, by its name."""
        return MetadataValue(Kind.JOB, _text(job_name))

    @staticmethod
    def asset(asset_key: CoercibleToAssetKey) -> "MetadataValue":
        """An asset, by its key."""
        return MetadataValue(Kind.ASSET, AssetKey.from_coercible(asset_key).path)

    @staticmethod
    def table_schema(schema: Mapping[str, Any]) -> "MetadataValue":
        """The columns of a table: `{"columns": [{"name": …, "type": …, "description": …}]}`."""
        return MetadataValue(Kind.TABLE_SCHEMA, _json(schema))

    @staticmethod
    def table(records: Sequence[Mapping[str, Any]], schema: Mapping[str, Any] | None = None) -> "MetadataValue":
        """Rows of a table, each a mapping of column to value."""
        rows = [dict(each) for each in records]
        columns = [{"name": name} for name in dict.fromkeys(name for each in rows for name in each)]
        return MetadataValue(Kind.TABLE, _json({"schema": schema or {"columns": columns}, "records": rows}))

    @staticmethod
    def python_artifact(python_artifact: Any) -> "MetadataValue":
        """A class or function."""
        return MetadataValue(
            Kind.PYTHON_ARTIFACT,
            {"module": python_artifact.__module__, "name": getattr(python_artifact, "__qualname__", "")},
        )


def _text(text: object) -> str:
    if not isinstance(text, str):
        raise InvalidResult(f"The text of a metadata value is a str, not {shown(text)}.")
    if flaw := flaw_of(text):
        raise InvalidResult(f"The metadata value {shown(text)} {flaw}.")
    return text


def _json(value: Any) -> Any:
    try:
        return as_json(value)
    except ValueError as error:
        raise InvalidResult(f"The metadata value {shown(value)} {error}.") from None


# The first type that fits counts: True is an int too.
_MEANT: tuple[tuple[type, Callable[[Any], MetadataEntry]], ...] = (
    (MetadataEntry, lambda value: value),
    (str, MetadataValue.text),
    (bool, MetadataValue.bool),
    (int, MetadataValue.int),
    (float, MetadataValue.float),
    (type(None), lambda _: MetadataValue.null()),
    (datetime, MetadataValue.timestamp),
    (AssetKey, MetadataValue.asset),
    (PathLike, MetadataValue.path),
    (Mapping, lambda value: MetadataValue.json(dict(value))),
    (list, MetadataValue.json),
    (tuple, MetadataValue.json),
)


def metadata_value(value: object) -> MetadataEntry:
    """Return what a plain value means: texts, numbers, mappings and lists, paths, times, keys. Raises InvalidResult."""
    for kind, make in _MEANT:
        if isinstance(value, kind):
            return make(value)
    raise InvalidResult(
        f"{shown(value)} ({type(value).__name__}) is no metadata value; write it as text or JSON, or use a method of"
        " MetadataValue."
    )


def normalised_metadata(metadata: object) -> Metadata:
    """Return metadata as typed entries; raises InvalidResult that names the entry."""
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise InvalidResult(f"Metadata is a mapping of str to values, not {shown(metadata)}.")
    found: Metadata = {}
    for label, value in metadata.items():
        if not isinstance(label, str) or flaw_of(label):
            raise InvalidResult(f"The label {shown(label)} of a metadata entry is no text that can be stored.")
        try:
            entry = metadata_value(value)
        except InvalidResult as error:
            raise InvalidResult(f'The metadata entry "{label}" is wrong: {error}') from None
        found[label] = MetadataEntry(entry.kind, entry.value)
    return found
