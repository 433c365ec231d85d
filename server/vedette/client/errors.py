"""How a client fails."""

from collections.abc import Sequence
from dataclasses import dataclass

from vedette.errors import UsageError, VedetteError


class ServerUnreachable(UsageError):
    """No Vedette server answers at the address."""


class Refused(VedetteError):
    """The server refused the request. `codes` are the stable codes of its errors."""

    def __init__(self, message: str, codes: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.codes = codes


@dataclass(frozen=True)
class Problem:
    """Why a mutation did not do what was asked: `kind` is the name of the error's type, as `CursorConflict`."""

    kind: str
    message: str
    path: tuple[str, ...] = ()


class MutationFailed(VedetteError):
    """A mutation did not do what was asked, for at least one typed reason."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


class Missing(VedetteError):
    """There is nothing of that name or id."""


class HistoryGone(VedetteError):
    """A part of what was to be followed is no longer kept; `position` is where to go on."""

    def __init__(self, message: str, position: str) -> None:
        super().__init__(message)
        self.position = position
