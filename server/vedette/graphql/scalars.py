"""Scalars of our own, and the descriptions of those that strawberry brings along."""

from typing import NewType

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter
from strawberry.types.base import StrawberryObjectDefinition, StrawberryType

from vedette.graphql.errors import BAD_POSITION, RequestError

StreamPosition = NewType("StreamPosition", int)

# Postgres counts positions in 64 bits.
_LAST = 2**63 - 1


def parse_position(value: object) -> StreamPosition:
    """Return the position that a text or number is; raises BAD_POSITION for what is none."""
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdecimal()) or len(text) > 19 or int(text) > _LAST:
        raise RequestError(BAD_POSITION, f"{text[:80]!r} is not a position; pass one on as you got it from the stream.")
    return StreamPosition(int(text))


class _Names(NameConverter):
    """Names lists for what they hold: lines of a log are its LogRecords."""

    def from_generic(self, generic_type: StrawberryObjectDefinition, types: list[StrawberryType | type]) -> str:
        return super().from_generic(generic_type, types).replace("LogRecord", "Log")


CONFIG = StrawberryConfig(
    name_converter=_Names(),
    scalar_map={
        StreamPosition: strawberry.scalar(
            name="StreamPosition",
            description="A gapless, increasing position in one stream; opaque to clients.",
            serialize=str,
            parse_value=parse_position,
        )
    },
)
