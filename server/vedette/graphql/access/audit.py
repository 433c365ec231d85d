"""The audit log: who did what, from where, and what came of it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import strawberry
from strawberry.scalars import JSON

from vedette.bus import topics
from vedette.domain import audit
from vedette.graphql import ids
from vedette.graphql.connections import AUDIT, After, Before, Connection, First, Last
from vedette.graphql.context import Info
from vedette.graphql.fields import field
from vedette.graphql.scalars import StreamPosition
from vedette.graphql.streams.following import Gap, Stream, follow
from vedette.storage.access import audit_log
from vedette.storage.access.audit_log import AuditFilter


@strawberry.type(description="A mutation that somebody tried.")
class AuditEntry:
    """A mutation that somebody tried."""

    position: StreamPosition = strawberry.field(description="Its place in the log.")
    at: datetime = strawberry.field(description="When.")
    actor: str = strawberry.field(description="Who: the name of a token or of a person.")
    address: str = strawberry.field(description="From where: the address of the client.")
    mutation: str = strawberry.field(description="What: the mutation's name.")
    result: str = strawberry.field(
        description="What came of it: DONE, REPEATED (done before, with the same idempotency key), or what was wrong: "
        "the name of a type of error or the code of one, as FORBIDDEN."
    )
    subject_id: strawberry.ID | None = strawberry.field(description="What it was about, if that is one thing.")
    subject_kind: str | None = strawberry.field(description="The type of that thing, as Sensor or Run.")
    code_location: str | None = strawberry.field(description="The code location that this belongs to.")
    input: JSON | None = strawberry.field(description="What was asked for; long texts and lists are cut.")
    before: JSON | None = strawberry.field(description="How what it was about was before.")
    after: JSON | None = strawberry.field(description="How that was afterwards, where something was done.")


@strawberry.input(name="AuditFilter", description="Which entries; what is left out does not restrict.")
class AuditFilterInput:
    """Which entries."""

    actor: str | None = strawberry.field(default=None, description="Those of this token or person.")
    mutation: str | None = strawberry.field(default=None, description="Those of this mutation.")
    result: str | None = strawberry.field(default=None, description="Those with this result.")
    code_location: str | None = strawberry.field(default=None, description="Those about this code location.")
    subject_id: strawberry.ID | None = strawberry.field(default=None, description="Those about this thing.")
    position: StreamPosition | None = strawberry.field(default=None, description="The one at this place in the log.")
    since: datetime | None = strawberry.field(default=None, description="Those from then on.")
    until: datetime | None = strawberry.field(default=None, description="Those before.")


Filter = Annotated[AuditFilterInput | None, strawberry.argument(description="Which entries.")]


def audit_entry(facts: audit.AuditEntry) -> AuditEntry:
    """Return an entry as the schema has it."""
    subject = None
    if facts.subject_kind is not None and facts.subject_id is not None:
        subject = ids.encode(facts.subject_kind, facts.subject_id)
    return AuditEntry(
        position=StreamPosition(facts.position),
        at=facts.at,
        actor=facts.actor,
        address=facts.address,
        mutation=facts.mutation,
        result=facts.result,
        subject_id=subject,
        subject_kind=facts.subject_kind,
        code_location=facts.code_location,
        input=facts.given,
        before=facts.before,
        after=facts.after,
    )


def audit_filter(given: AuditFilterInput | None) -> AuditFilter:
    """Return the filter as the storage has it."""
    if given is None:
        return AuditFilter()
    return AuditFilter(
        given.actor, given.mutation, given.result, given.code_location, given.since, given.until,
        None if given.subject_id is None else ids.any_uuid(given.subject_id), given.position,
    )  # fmt: skip


class Placed(NamedTuple):
    """A position of the log."""

    position: int


async def _placed(connection: Any, position: int, limit: int) -> Sequence[Placed]:
    return [Placed(each) for each in await audit_log.positions_after(connection, position, limit)]


STREAM = Stream("audit", topics.AUDIT, _placed)


async def entries(info: Info, wanted: AuditFilter, after: int | None) -> AsyncGenerator[audit.AuditEntry | Gap, None]:
    """Follow the log."""

    async def show(connection: Any, page: Sequence[Placed]) -> list[audit.AuditEntry]:
        return await audit_log.at_positions(connection, [each.position for each in page], wanted)

    async with aclosing(follow(info.context, STREAM, after, show)) as items:
        async for item in items:
            yield item


@strawberry.type
class AuditQueries:
    """Fields of Query."""

    @field("The audit log, the newest entry first. For admins.")
    async def audit_log(
        self,
        info: Info,
        filter: Filter = None,  # noqa: A002
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[AuditEntry]:
        """Read a page of it."""
        window = AUDIT.window(first, after, last, before)
        async with info.context.database.reading() as connection:
            return AUDIT.connect(await audit_log.page(connection, audit_filter(filter), window), audit_entry)
