"""How the command line fails: what it says, and its exit codes.

0   it worked
1   it was asked for rightly and did not work: a mutation's error, a failed run, an unknown name
2   the call, the settings or the surroundings are wrong: a bad option, no server, no database
130 Ctrl-C ended it
"""

from typing import IO, Any

import click

from vedette.errors import DatabaseError, UsageError, VedetteError


class OperationFailed(VedetteError):
    """What was asked for did not work; exit code 1."""


class WrongOptions(UsageError):
    """Options or arguments that do not go together; exit code 2."""


def find_failure(error: BaseException) -> VedetteError | None:
    """Return what Vedette raised on purpose: `error` itself, or the first such one in a group of errors."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(find_failure, error.exceptions)), None)
    return error if isinstance(error, VedetteError) else None


class WrongCall(click.ClickException):
    """Makes click leave with exit code 2."""

    exit_code = 2


class Interrupted(click.ClickException):
    """Ctrl-C ended a command that was asking or waiting."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("Stopped by Ctrl-C. What the server was asked to do, it may do all the same.")

    def show(self, file: IO[Any] | None = None) -> None:
        """Print one line, below the ^C that a terminal shows."""
        click.echo(f"\n{self.message}", file=file, err=True)


def as_click_exception(failure: VedetteError) -> click.ClickException:
    """Return what makes click print one line, `Error: …`, on standard error and leave with the right code."""
    kind = WrongCall if isinstance(failure, UsageError | DatabaseError) else click.ClickException
    return kind(str(failure))
