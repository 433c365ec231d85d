"""Metadata of assets as data: named entries, each of a kind that says what its value is."""

import enum
from typing import Any

import msgspec


class MetadataKind(enum.StrEnum):
    """What the value of an entry is, and in which JSON it is written."""

    TEXT = "TEXT"
    URL = "URL"
    PATH = "PATH"
    NOTEBOOK = "NOTEBOOK"
    MARKDOWN = "MARKDOWN"
    JSON = "JSON"
    INT = "INT"
    FLOAT = "FLOAT"
    BOOL = "BOOL"
    NULL = "NULL"
    # Seconds since the epoch.
    TIMESTAMP = "TIMESTAMP"
    # The id of a run.
    RUN = "RUN"
    # The parts of an asset's key.
    ASSET = "ASSET"
    # The name of a job.
    JOB = "JOB"
    # `{"columns": [{"name", "type", "description"}], …}`, and for a table its `records` too.
    TABLE_SCHEMA = "TABLE_SCHEMA"
    TABLE = "TABLE"
    # `{"module", "name"}`.
    PYTHON_ARTIFACT = "PYTHON_ARTIFACT"


class MetadataEntry(msgspec.Struct, frozen=True):
    """The value of one entry, plain JSON, and what it is."""

    kind: MetadataKind
    value: Any = None


Metadata = dict[str, MetadataEntry]
