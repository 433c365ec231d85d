"""What plans answer is what graphql-core answers, for any document and any data."""

from collections import Counter
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import graphql
import pytest
import uvloop
from graphql.execution import Executor
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.utils.str_converters import to_camel_case

from documents import CONDITIONS, SEEDS, Drawn, documents
from unit.graphql.plans.nasty import SCHEMA, Colour, Data, Later, Other, Query, State, root, spread
from vedette.graphql.plans import PlannedExecutor

# graphql-core's executor leaves what a task was to await that is cancelled before its first step.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Planned(PlannedExecutor, StrawberryGraphQLCoreExecutionContext):
    pass


async def answer(executor: type[Executor[Any]], document: graphql.DocumentNode, **options: Any) -> Any:
    execute: Any = graphql.execute
    found = execute(SCHEMA, document, is_awaitable=optimized_is_awaitable, executor_class=executor, **options)
    return await found if optimized_is_awaitable(found) else found


def shown(result: Any) -> Any:
    errors = Counter((error.message, tuple(error.path or ()), str(error.locations)) for error in result.errors or ())
    return result.data, list(spread(result.data)), errors


def assert_equal(document: graphql.DocumentNode, **options: Any) -> Any:
    expected = uvloop.run(answer(StrawberryGraphQLCoreExecutionContext, document, **options))
    found = uvloop.run(answer(Planned, document, **options))
    assert shown(found) == shown(expected), graphql.print_ast(document)
    return found


@settings(max_examples=100)
@given(
    documents(SCHEMA, custom_scalars={"Even": st.just(graphql.IntValueNode(value="2"))}),
    SEEDS,
    st.sampled_from([0.0, 0.02, 0.2]),
)
def test_data_and_errors_are_those_of_graphql_core(drawn: Drawn, seed: int, wrong: float) -> None:
    # Again and again: the later times by what was planned with other data and other conditions.
    for number in range(2):
        data = root(Random(seed + number), wrong)
        for given_conditions in ((True, False), (False, True)):
            conditions = dict(zip(CONDITIONS, given_conditions, strict=True))
            assert_equal(drawn.document, root_value=data, variable_values=drawn.variables | conditions)


LEAVES = "name nick loud id number count share isBig colour state at class data even mustBeEven words matrix told"
WIDE = f"""
{{ thing {{ ...All }} named {{ ...All __typename }} either {{ ...All ... on Other {{ number things {{ ...All }} }} }}
  boxes {{ number holds {{ ...All }} }} box {{ number holds {{ number things {{ ...Leaves }} }} }} }}
fragment All on Thing {{
  {" ".join(f"few{leaf}: few {{ {leaf} }} twin{leaf}: twin {{ {leaf} }}" for leaf in LEAVES.split())}
  owner {{ name ...Leaves }} few {{ mustHave {{ ...Leaves }} }} either {{ ...Leaves ... on Other {{ number }} }}
  several {{ ...Leaves ... on Other {{ number }} }} twin {{ parts {{ ...Leaves }} }} plain {{ ...Leaves }}
  waits {{ ...Leaves }} ready {{ ...Leaves }} twin {{ mustWait {{ id }} inRange(of: {{}}) }}
}}
fragment Leaves on Thing {{ {LEAVES} }}
"""


@pytest.mark.parametrize("wrong", [0.0, 0.02, 0.1, 0.5])
def test_a_wide_document_has_the_same_answer_whatever_the_data(wrong: float) -> None:
    document = graphql.parse(WIDE)
    for seed in range(20):
        assert_equal(document, root_value=root(Random(seed), wrong))


ATTRIBUTES = "name nick id number count share is_big colour state at class_ data even must_be_even words twin"
VALUES: list[Any] = [None, ValueError("bad"), Later(None, 1), Later(ValueError("late"), 2), object, Colour.RED]
VALUES += ["text", 3, 2.5, float("nan"), float("inf"), True, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, [], {}, {"a"}]
VALUES += [("a", 1), State.ON, State.OFF, Other(number=1, things=None), datetime(1, 2, 3, tzinfo=UTC), date(2026, 1, 1)]


@pytest.mark.parametrize("attribute", ATTRIBUTES.split())
async def test_each_value_is_taken_or_refused_alike(attribute: str) -> None:
    name = to_camel_case(attribute.rstrip("_"))
    asked = "twin { id }" if name == "twin" else name
    document = graphql.parse(f"{{ thing {{ {asked} }} must {{ few {{ {asked} }} }} }}")
    thing = Data(Random(1), 0.0).thing(1)
    thing.few = [thing, None]
    data = Query(thing=thing, must=thing, named=None, either=None, boxes=None, box=None)
    for value in VALUES:
        setattr(thing, attribute, value)
        expected = await answer(StrawberryGraphQLCoreExecutionContext, document, root_value=data)
        assert shown(await answer(Planned, document, root_value=data)) == shown(expected), value


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("{ __schema { types { name kind fields { name type { name ofType { name } } } } } }", {}),
        ('{ __type(name: "Thing") { name interfaces { name } } __typename }', {}),
        ("query($n: Int!) { must { loud(times: $n) } }", {"n": 11}),
        ("query($n: Int!) { must { loud(times: $n) } }", {"n": "x"}),
        ("query($n: Int) { must { loud(times: $n) } }", {"n": None}),
        ("query($n: Int) { must { loud(times: $n) } }", {}),
        ("query($c: Boolean = true) { must { parts @skip(if: $c) { id } name } }", {"c": None}),
        ("query($c: Boolean = true) { must @skip(if: $c) { name } }", {}),
        ("{ must { inRange(of: {most: 3, colours: [RED]}, also: [1]) told: __typename } }", {}),
        ("{ nothing must { nothing { at all } name } }", {}),
        (
            "{ must { name ...Part } } fragment Part on Thing { few { name ...Leaf } } fragment Leaf on Named { nick }",
            {},
        ),
    ],
)
def test_what_is_not_drawn_is_the_same(text: str, variables: dict[str, Any]) -> None:
    document = graphql.parse(text)
    for seed in range(3):
        assert_equal(document, root_value=root(Random(seed), 0.05), variable_values=variables)


def test_mutations_are_executed_one_after_the_other() -> None:
    text = 'mutation { a: slow(name: "a") { name } b: quick(name: "") c: slow(name: "c") { name } d: quick(name: "d") }'
    for names in ("a", "a b c d"):
        told: dict[type[Executor[Any]], list[str]] = {StrawberryGraphQLCoreExecutionContext: [], Planned: []}
        document = graphql.parse(text if "d" in names else text.replace('b: quick(name: "")', ""))
        for executor, context in told.items():
            uvloop.run(answer(executor, document, context_value=context))
        assert told[Planned] == told[StrawberryGraphQLCoreExecutionContext]
        assert told[Planned][:2] == ["a begins", "a ends"]


async def test_items_of_subscriptions_are_the_same() -> None:
    document = graphql.parse(
        "subscription { things(count: 6) { name parts { number waits { id } } either { __typename } } }"
    )

    async def items(executor: type[Executor[Any]]) -> list[Any]:
        stream: Any = graphql.subscribe(SCHEMA, document, executor_class=executor)
        if optimized_is_awaitable(stream):
            stream = await stream
        return [shown(item) async for item in stream]

    found = await items(Planned)
    assert len(found) == 6
    assert found == await items(StrawberryGraphQLCoreExecutionContext)
