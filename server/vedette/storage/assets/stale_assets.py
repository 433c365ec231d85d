"""Run requests for stale assets only: narrowed to these when their tick is committed."""

from collections.abc import Collection

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.assets import Path, unescaped
from vedette.domain.catalog import AssetSpec
from vedette.domain.staleness import AssetState

_spec = msgspec.json.Decoder(AssetSpec).decode

# What is defined elsewhere, and external here, is as it is there.
_STATES = text(
    """
    SELECT DISTINCT ON (defined.code_location, defined.key) defined.code_location, defined.key,
        CAST(coalesce(elsewhere.spec, defined.spec) AS text) AS spec, assets.materialized_position,
        assets.materialized_code_version
    FROM asset_definitions AS defined
    LEFT JOIN asset_definitions AS elsewhere ON elsewhere.key = defined.key AND elsewhere.loaded
        AND elsewhere.code_location <> defined.code_location
        AND NOT coalesce(CAST(defined.spec ->> 'executable' AS boolean), true)
        AND coalesce(CAST(elsewhere.spec ->> 'executable' AS boolean), true)
    LEFT JOIN assets ON assets.key = defined.key
    WHERE defined.loaded AND defined.code_location = ANY(CAST(:code_locations AS text[]))
    """
)


async def states(connection: AsyncConnection, code_locations: Collection[str]) -> dict[str, dict[Path, AssetState]]:
    """Return the assets of each code location as they stand."""
    found: dict[str, dict[Path, AssetState]] = {name: {} for name in code_locations}
    for location, key, spec, position, version in await connection.execute(
        _STATES, {"code_locations": list(code_locations)}
    ):
        told = _spec(spec)
        found[location][unescaped(key)] = AssetState(
            told.deps, told.executable, told.code_version, position, version, told.op_name
        )
    return found
