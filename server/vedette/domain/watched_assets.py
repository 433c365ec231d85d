"""What a sensor that watches several assets is told of each, and its cursor: what it has consumed of each.

The cursor is a JSON object: by `str(AssetKey)` a list of the partition of the last materialization that was consumed,
that one's position, and by partition the positions of those before it that were not consumed.
"""

from collections.abc import Mapping

import msgspec

from vedette.domain.assets import AssetEventRecord, AssetKey, Path

# New materializations of one asset that an evaluation is told one by one; the rest comes once these are consumed.
MOST_NEW = 1000
# Partitions of an asset that were passed over: so many and no more are remembered.
MOST_UNCONSUMED = 24


class WatchedAsset(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One asset as of one moment, by what the cursor has consumed of it; only its materializations count.

    `newest` is the last of all, consumed or not. `new` are those after the last that was consumed, in order, at most
    MOST_NEW; `later`, where there are more, the last of each partition among these, in order. `unconsumed` are those
    that the cursor remembers. `partitions` are the keys of all that were ever materialized.
    """

    key: Path
    newest: AssetEventRecord | None = None
    new: tuple[AssetEventRecord, ...] = ()
    later: tuple[AssetEventRecord, ...] = ()
    unconsumed: tuple[AssetEventRecord, ...] = ()
    partitions: tuple[str, ...] = ()


class AssetCursor(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What was consumed of one asset."""

    partition: str | None = None
    consumed: int | None = None
    unconsumed: dict[str, int] = {}


UNTOUCHED = AssetCursor()
_decoder = msgspec.json.Decoder(dict[str, AssetCursor])


def parsed_cursors(cursor: str | None) -> dict[str, AssetCursor] | None:
    """Return a cursor by the names of its assets, see `cursor_name`; None where it is no such cursor."""
    if cursor is None:
        return {}
    try:
        return _decoder.decode(cursor)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


def cursor_text(cursors: Mapping[str, AssetCursor]) -> str:
    """Return it as a cursor."""
    return msgspec.json.encode(cursors, order="sorted").decode()


def cursor_name(key: Path) -> str:
    """Return how a cursor names an asset."""
    return str(AssetKey(key))
