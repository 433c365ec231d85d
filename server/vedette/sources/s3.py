"""A bucket of S3, or of what speaks its protocol: its objects. Needs `vedette[s3]`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vedette.sources.extras import missing
from vedette.sources.listing import DEFAULT_LIMIT, Listing
from vedette.sources.source import Changes

try:
    import boto3
except ImportError:
    raise missing("boto3", "s3") from None


@dataclass(frozen=True)
class S3Object:
    """An object as it was listed; `last_modified` is aware, `etag` without its quotes."""

    bucket: str
    object_key: str
    etag: str
    size_bytes: int
    last_modified: datetime

    @property
    def key(self) -> str:
        """Return its key and version: what is written again is new."""
        return f"{self.object_key}@{self.etag}"


class S3Bucket(Listing[S3Object]):
    """The objects of a bucket below `prefix`, by key. An object that is written again with other content is new.

    ordered: for keys that only grow, such as those that begin with a time: the cursor is the last key, and only what
        follows it is listed, however many objects there are; an object that is written again is then not new.
    limit: how many objects one tick asks about.
    client: a boto3 client; else one is made of `client_options` (endpoint_url, region_name, …) when it is first used,
        with credentials from where boto3 looks for them.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        ordered: bool = False,
        limit: int = DEFAULT_LIMIT,
        client: Any = None,
        **client_options: Any,
    ) -> None:
        """Take the bucket's name."""
        super().__init__(limit)
        self._bucket = bucket
        self._prefix = prefix
        self._ordered = ordered
        self._client = client
        self._client_options = client_options

    def changes(self, cursor: str | None) -> Changes[S3Object]:
        """Return the objects that have not been seen."""
        if not self._ordered:
            return super().changes(cursor)
        last = json.loads(cursor)["after"] if cursor else ""
        found = [found for found, _ in zip(self._objects(last), range(self._limit), strict=False)]
        return Changes(found, json.dumps({"after": found[-1].object_key}) if found else cursor)

    def entries(self) -> Iterator[S3Object]:
        """Return the objects that are there, by key."""
        return self._objects("")

    def _objects(self, after: str) -> Iterator[S3Object]:
        if self._client is None:
            # Not before: a client must not be shared with processes that are forked later.
            self._client = boto3.client("s3", **self._client_options)
        start = {"StartAfter": after} if after else {}
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix, **start
        )
        for page in pages:
            for one in page.get("Contents", ()):
                yield S3Object(self._bucket, one["Key"], one["ETag"].strip('"'), one["Size"], one["LastModified"])
