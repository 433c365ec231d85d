"""Decorators that make a method a field of the schema, described; to a type checker it stays the method that it is."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import strawberry

from vedette.graphql.context import Info
from vedette.graphql.mutations.attempts import attempted

F = TypeVar("F", bound=Callable[..., Any])


def field(description: str) -> Callable[[F], F]:
    """Make a method a field that is resolved by calling it."""
    return cast("Callable[[F], F]", strawberry.field(description=description))


def mutation(description: str) -> Callable[[F], F]:
    """Make a method a mutation: told in the audit log, and blind to what its caller cannot see."""

    def made(method: F) -> F:
        @wraps(method)
        async def tried(self: Any, info: Info, **arguments: Any) -> Any:
            given = arguments.get("input")
            return await attempted(info.context, info.field_name, given, lambda: method(self, info, **arguments))

        return cast("F", strawberry.mutation(description=description)(tried))

    return made


def subscription(description: str) -> Callable[[F], F]:
    """Make an asynchronous generator a subscription."""
    return cast("Callable[[F], F]", strawberry.subscription(description=description))
