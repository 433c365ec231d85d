"""Errors are those of graphql-core also where some fields fail while others go on: a turn of the loop decides there."""

import asyncio
from collections.abc import Callable
from typing import Any

import graphql
import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from unit.graphql.plans.steps import SCHEMA, Step, selections
from vedette.graphql.plans import PlannedExecutor

# graphql-core's executor leaves what a task was to await that is cancelled before its first step.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Planned(PlannedExecutor, StrawberryGraphQLCoreExecutionContext):
    pass


async def answer(executor: Any, text: str) -> Any:
    execute: Any = graphql.execute
    options = {"root_value": Step(), "executor_class": executor, "is_awaitable": optimized_is_awaitable}
    found = execute(SCHEMA, graphql.parse(text), **options)
    result = await found if optimized_is_awaitable(found) else found
    return result.data, [(error.message, error.path) for error in result.errors or ()]


@settings(max_examples=300)
@given(selections(4), st.sampled_from([uvloop.run, asyncio.run]))
def test_errors_that_race_are_those_of_graphql_core(text: str, run: Callable[[Any], Any]) -> None:
    expected = run(answer(StrawberryGraphQLCoreExecutionContext, text))
    assert run(answer(Planned, text)) == expected


@pytest.mark.parametrize("run", [uvloop.run, asyncio.run])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        # A future that has failed is looked at when the fields beside it have been asked for.
        ("{ a: mustFailed b: bad }", ["b", "a"]),
        # It is one of two that are awaited, by a task each, also where it is done: so the other begins a turn later.
        ("{ a: mustNow { a: ready { at } b: mustFail(after: 0) } b: mustFail(after: 4) }", ["b"]),
        # What is below it is asked for when it is awaited, and not before.
        ("{ a: mustReady { mustFailBegun(after: 1) } b: mustFail(after: 2) }", ["b"]),
        ("{ a: mustSome(after: 0) { mustBad } b: mustFail(after: 4) }", ["a.1.mustBad"]),
        # What is given up goes on until the null is there.
        ("{ a: mustWait(after: 0) { a: fail(after: 0) b: mustBad } b: wait(after: 4) { at } }", ["a.a", "a.b"]),
    ],
)
def test_who_comes_first_is_told_of(text: str, told: list[str], run: Callable[[Any], Any]) -> None:
    for executor in (StrawberryGraphQLCoreExecutionContext, Planned):
        data, errors = run(answer(executor, text))
        assert (data, [".".join(map(str, path)) for _, path in errors]) == (None, told)
