"""What a subscription tells with a filter, all of it: where its stream is now, a gap is told whatever the filter."""

from typing import Any

import seeds
from serving import Api, Json
from vedette.storage.database import Database

REACHED = "SELECT position FROM streams WHERE name = :name"
LEAVE_OUT = "UPDATE streams SET position = position + 1, purged = position + 1 WHERE name = :name RETURNING position"


def filtered(field: str, kind: str, item: str, shown: str) -> str:
    """Return the subscription `field` for `items_until_now`: items of the type `item`, filters for things `kind`."""
    return f"""subscription($filter: {kind}Filter, $after: StreamPosition) {{
        {field}(filter: $filter, after: $after) {{
            __typename ... on StreamGap {{ position }} ... on {item} {{ position {shown} }} }} }}"""


async def reached(database: Database, stream: str) -> int:
    """Return the last position of a stream."""
    [(position,)] = await seeds.execute(database, REACHED, name=stream)
    return int(position)


async def items_until_now(
    api: Api, database: Database, stream: str, document: str, after: int, wanted: Json
) -> list[Any]:
    """Return the items that a subscription tells of a stream after a position; leaves a position of it out."""
    [(end,)] = await seeds.execute(database, LEAVE_OUT, name=stream)
    found: list[Any] = []
    async with api.subscribe(document, filter=wanted, after=str(after)) as told:
        while True:
            [item] = (await told.next()).values()
            if item["__typename"] == "StreamGap":
                assert item["position"] == str(end)
                return found
            found.append(item)
