"""Decorators that make a method a field of the schema, described; to a type checker it stays the method that it is."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

F = TypeVar("F", bound=Callable[..., Any])


def field(description: str) -> Callable[[F], F]:
    """Make a method a field that is resolved by calling it."""
    return cast("Callable[[F], F]", strawberry.field(description=description))


def mutation(description: str) -> Callable[[F], F]:
    """Make a method a mutation."""
    return cast("Callable[[F], F]", strawberry.mutation(description=description))


def subscription(description: str) -> Callable[[F], F]:
    """Make an asynchronous generator a subscription."""
    return cast("Callable[[F], F]", strawberry.subscription(description=description))
