"""Scalars of our own, and the descriptions of those that strawberry brings along."""

import re
from datetime import UTC, datetime
from typing import NewType

import strawberry
from strawberry.exceptions import StrawberryInputCoercionError
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


# A moment is the same for all who read it: without an offset from UTC it would not be.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def parse_moment(value: object) -> datetime:
    """Return the moment that a text of RFC 3339 is; raises StrawberryInputCoercionError for what is none."""
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            # A day that no month has, or a year before the first.
            pass
    raise StrawberryInputCoercionError(
        f"{str(value)[:80]!r} is not a DateTime; give one of RFC 3339, with its offset: 2026-01-31T09:30:00Z."
    )


CONFIG = StrawberryConfig(
    name_converter=_Names(),
    scalar_map={
        StreamPosition: strawberry.scalar(
            name="StreamPosition",
            description="A gapless, increasing position in one stream; opaque to clients.",
            serialize=str,
            parse_value=parse_position,
        ),
        datetime: strawberry.scalar(
            name="DateTime",
            description="A moment as RFC 3339 writes it: 2026-01-31T09:30:00Z. Told in UTC, given with any offset.",
            specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339#section-5.6",
            serialize=datetime.isoformat,
            parse_value=parse_moment,
        ),
    },
)
