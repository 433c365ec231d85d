"""What can be wrong with a mutation and a client can branch on: typed members of a payload's `errors`."""

import strawberry

from vedette.graphql.runs.runs import Run
from vedette.graphql.sensors.cursors import SensorCursor


@strawberry.interface(description="Why a mutation did not do what was asked.")
class MutationError:
    """Why a mutation did not do what was asked."""

    message: str = strawberry.field(description="What is wrong and the remedy, for people.")
    path: list[str] | None = strawberry.field(default=None, description="The part of the input that is wrong.")


@strawberry.type(description="What the input names does not exist.")
class NotFound(MutationError):
    """What the input names does not exist."""


@strawberry.type(description="The cursor has another version than the one expected.")
class CursorConflict(MutationError):
    """The cursor has another version than the one expected."""

    current: SensorCursor = strawberry.field(description="The cursor as it is now.")


@strawberry.type(description="The input has a value that it cannot have.")
class InvalidInput(MutationError):
    """The input has a value that it cannot have."""


@strawberry.type(description="The job does not accept the run config.")
class InvalidRunConfig(MutationError):
    """The job does not accept the run config."""


@strawberry.type(description="A run of this job has this run key already.")
class RunKeyTaken(MutationError):
    """A run of this job has this run key already."""

    run: Run = strawberry.field(description="The run that has it.")


@strawberry.type(description="Another evaluation of the sensor did not end in time.")
class SensorBusy(MutationError):
    """Another evaluation of the sensor did not end in time."""


@strawberry.type(description="No process that could do it answered in time.")
class EvaluatorUnavailable(MutationError):
    """No process that could do it answered in time."""


@strawberry.type(description="The idempotency key was used with another input, or for another mutation.")
class IdempotencyKeyReused(MutationError):
    """The idempotency key was used with another input, or for another mutation."""


@strawberry.type(description="What the input names is not in a state in which this can be done.")
class WrongState(MutationError):
    """What the input names is not in a state in which this can be done."""


@strawberry.type(description="A token that is not revoked has this name.")
class TokenNameTaken(MutationError):
    """A token that is not revoked has this name."""


MEMBERS = (
    NotFound,
    CursorConflict,
    InvalidInput,
    InvalidRunConfig,
    RunKeyTaken,
    SensorBusy,
    EvaluatorUnavailable,
    IdempotencyKeyReused,
    WrongState,
    TokenNameTaken,
)
