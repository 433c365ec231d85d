"""What is told of a mutation: who, from where, what, what it changed, and what came of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

# What came of it, besides the names of errors.
DONE = "DONE"
# Asked for again with the same idempotency key: it had been done before.
REPEATED = "REPEATED"


@dataclass(slots=True)
class Attempt:
    """A mutation that somebody tries. `subject` is the type and key of what it is about, where that is known.

    `given` is its input. `is_told` says that it has been written; `is_forwarded`, that it has its place in the log.
    """

    mutation: str
    given: dict[str, Any]
    actor: str
    address: str
    subject: tuple[str, UUID] | None = None
    before: str | None = None
    is_told: bool = field(default=False, compare=False)
    is_forwarded: bool = field(default=False, compare=False)


class AuditEntry(NamedTuple):
    """One entry of the log, by its position in it; `given`, `before` and `after` are decoded JSON."""

    position: int
    at: datetime
    actor: str
    address: str
    mutation: str
    result: str
    subject_kind: str | None
    subject_id: UUID | None
    code_location: str | None
    given: Any
    before: Any
    after: Any
