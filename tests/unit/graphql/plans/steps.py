"""A schema whose fields fail, or begin, so many turns of the loop later: who comes first decides what is told of."""

import asyncio
from typing import Annotated, Any, NewType

import graphql
import strawberry
from hypothesis import strategies as st
from strawberry.schema.config import StrawberryConfig

from unit.graphql.plans.nasty import Later

Turns = NewType("Turns", int)
MOST_TURNS = 5
CONFIG = StrawberryConfig(scalar_map={Turns: strawberry.scalar(name="Turns", serialize=int, parse_value=int)})


async def _after(turns: int, value: Any) -> Any:
    return await Later(value, turns)


def _ready(value: Any) -> Any:
    future = asyncio.get_running_loop().create_future()
    if isinstance(value, Exception):
        future.set_exception(value)
        # Nobody is to be told that nobody asked for it.
        future.exception()
    else:
        future.set_result(value)
    return future


def _begun(turns: int, value: Any) -> Any:
    begun = asyncio.ensure_future(_after(turns, value))
    begun.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    return begun


@strawberry.type
class ToldLater:
    """A type whose objects are told apart later."""

    step: "Step"

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> Any:
        """Tell, a turn later."""
        return _after(1, isinstance(value, ToldLater))


Either = Annotated["Step | ToldLater", strawberry.union("Either")]


@strawberry.type
class Step:
    """What has all the ways to come, or to fail, twice: `must` is there where what fails takes its object with it."""

    at: int = 1

    @strawberry.field
    def bad(self) -> int | None:
        """Fail at once."""
        raise ValueError("bad")

    @strawberry.field
    def must_bad(self) -> int:
        """Fail at once."""
        raise ValueError("must_bad")

    @strawberry.field
    def failed(self) -> int | None:
        """Return a future that has failed."""
        failed: int | None = _ready(ValueError("failed"))
        return failed

    @strawberry.field
    def must_failed(self) -> int:
        """Return a future that has failed."""
        failed: int = _ready(ValueError("must_failed"))
        return failed

    @strawberry.field
    async def fail(self, after: Turns) -> int | None:
        """Fail later."""
        await Later(None, after)
        raise ValueError("fail")

    @strawberry.field
    async def must_fail(self, after: Turns) -> int:
        """Fail later."""
        await Later(None, after)
        raise ValueError("must_fail")

    @strawberry.field
    def fail_begun(self, after: Turns) -> int | None:
        """Fail later, also if nobody awaits it."""
        begun: int | None = _begun(after, ValueError("fail_begun"))
        return begun

    @strawberry.field
    def must_fail_begun(self, after: Turns) -> int:
        """Fail later, also if nobody awaits it."""
        begun: int = _begun(after, ValueError("must_fail_begun"))
        return begun

    @strawberry.field
    def now(self) -> "Step | None":
        """Return another at once."""
        return Step()

    @strawberry.field
    def must_now(self) -> "Step":
        """Return another at once."""
        return Step()

    @strawberry.field
    def ready(self) -> "Step | None":
        """Return another as a future that is there."""
        ready: Step = _ready(Step())
        return ready

    @strawberry.field
    def must_ready(self) -> "Step":
        """Return another as a future that is there."""
        ready: Step = _ready(Step())
        return ready

    @strawberry.field
    async def wait(self, after: Turns) -> "Step | None":
        """Return another later."""
        await Later(None, after)
        return Step()

    @strawberry.field
    async def must_wait(self, after: Turns) -> "Step":
        """Return another later."""
        await Later(None, after)
        return Step()

    @strawberry.field
    def either(self, after: Turns) -> Either | None:
        """Return one that is told apart later."""
        either: ToldLater = _begun(after, ToldLater(step=Step()))
        return either

    @strawberry.field
    def must_either(self) -> Either:
        """Return one that is told apart later."""
        return ToldLater(step=Step())

    @strawberry.field
    def some(self) -> list["Step | None"] | None:
        """Return some that come now or later."""
        items: list[Any] = [Step(), _ready(Step()), Later(Step(), 1), _ready(Step())]
        return items

    @strawberry.field
    def must_some(self, after: Turns) -> list["Step"]:
        """Return some that are there, and come, and one of them fails after many turns."""
        items: list[Any] = [_ready(Step()), Step(), _begun(after, Step())]
        if after == MOST_TURNS - 1:
            items.append(Later(ValueError("must_some"), after))
        return items


SCHEMA: Any = strawberry.Schema(Step, config=CONFIG)._schema
FIELDS = SCHEMA.query_type.fields
LEAVES = [name for name, field in FIELDS.items() if graphql.is_leaf_type(graphql.get_named_type(field.type))]


@st.composite
def selections(draw: st.DrawFn, depth: int) -> str:
    """Draw what is selected of a Step, of up to `depth` levels: several of its fields, for one alone has no race."""
    texts = []
    for alias in "abcd"[: draw(st.integers(1, 4))]:
        name = draw(st.sampled_from([*FIELDS] if depth > 1 else LEAVES))
        text = f"{alias}: {name}"
        if FIELDS[name].args:
            text += f"(after: {draw(st.integers(0, MOST_TURNS - 1))})"
        if name not in LEAVES:
            below = draw(selections(depth - 1))
            is_either = graphql.is_union_type(graphql.get_named_type(FIELDS[name].type))
            text += f" {{ ... on ToldLater {{ step {below} }} }}" if is_either else f" {below}"
        texts.append(text)
    return f"{{ {' '.join(texts)} }}"
