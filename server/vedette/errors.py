"""Errors that Vedette raises on purpose.

VedetteError                    everything below; its text is one sentence that says what, where and the remedy
├── UsageError                  the caller's options, settings or files are wrong: exit code 2
│   ├── InvalidSetting
│   ├── InvalidTarget           a project's file or module cannot be named so
│   └── PortTaken
├── DatabaseError
│   ├── DatabaseUnreachable     exit code 2
│   └── DatabaseOutdated        migrations are missing: exit code 2
├── DefinitionError             what an author wrote is not a legal definition
├── InvocationError             a definition was called in a way it does not allow
│   └── UnknownResource         a resource was used that was not asked for
├── InvalidConfig               a run config that the job refuses
├── UnknownPartition            a partition key that there is not
├── InstanceUnavailable         the instance did not answer what user code asked
│   └── AnswerTooLarge
├── AlertNotSent                a service or mail server did not take an alert
├── SourceUnavailable           what a sensor watches cannot be read
├── WaitFailed                  what a sensor watches cannot be waited for
├── InvalidResult               what a sensor or an op handed back is not what it may hand back
├── LocationUnloaded            a code location that is not loaded was asked for work
└── LeaseLost                   another process holds what this one held; drop the work
"""


class VedetteError(Exception):
    """Everything that Vedette raises on purpose."""


class InstanceUnavailable(VedetteError):
    """The instance did not answer what user code asked: its database is away, or it took too long."""


class AnswerTooLarge(InstanceUnavailable):
    """What the instance was asked for is more than one answer holds."""


class AlertNotSent(VedetteError):
    """A service or mail server did not take an alert; the text names neither a token nor the address of a webhook."""


class SourceUnavailable(VedetteError):
    """What a sensor watches cannot be read; it may be later."""


class WaitFailed(VedetteError):
    """What a sensor watches cannot be waited for."""


class UsageError(VedetteError):
    """The caller's options, settings or files are wrong."""


class InvalidSetting(UsageError):
    """A setting has a value that it cannot have."""


class InvalidTarget(UsageError):
    """A project's file or module cannot be named so."""


class PortTaken(UsageError):
    """Something else listens on the address."""


class DatabaseError(VedetteError):
    """The database cannot be used."""


class DatabaseUnreachable(DatabaseError):
    """No connection to the database could be made."""


# Postgres's code for "too many clients already", and for the last connections, which are kept for its owner.
NO_CONNECTION_LEFT = "53300"


def unreachable(database: str, error: BaseException) -> DatabaseUnreachable:
    """The one line for a database that does not answer: where, why and what to look at.

    `database` is its URL without the password.
    """
    cause = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    if getattr(error, "sqlstate", None) == NO_CONNECTION_LEFT:
        return DatabaseUnreachable(
            f"The database at {database} has no connection left ({cause}): raise its setting max_connections, "
            "or start fewer processes (each takes up to 12 connections, `vedette dev` 23)."
        )
    return DatabaseUnreachable(
        f"The database at {database} cannot be reached ({cause}); is it running, and is its URL right?"
    )


class DatabaseOutdated(DatabaseError):
    """The database's schema is not the one that this version needs."""


class DefinitionError(VedetteError):
    """What an author wrote is not a legal definition."""


class InvocationError(VedetteError):
    """A definition was called in a way it does not allow."""


class UnknownResource(InvocationError, AttributeError):
    """A resource was used that was not asked for."""


class InvalidConfig(VedetteError):
    """A run config that the job refuses."""


class UnknownPartition(VedetteError):
    """A partition key that there is not."""


class InvalidResult(VedetteError):
    """What a sensor or an op handed back is not what it may hand back."""


class LocationUnloaded(VedetteError):
    """A code location that is not loaded was asked for work."""


class LeaseLost(VedetteError):
    """Another process holds what this one held; the work is dropped."""
