"""A schema of nasty shapes, and data for it that is often not what the schema says."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterator
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum, StrEnum
from random import Random
from typing import Annotated, Any, Generic, NewType, TypeVar, cast

import strawberry
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig

from vedette.graphql.plans import Attribute

Even = NewType("Even", int)
T = TypeVar("T")


def even(value: Any) -> Any:
    """Refuse what is odd, and make nothing of 0."""
    if value % 2:
        raise ValueError(f"{value} is odd")
    return value or None


CONFIG = StrawberryConfig(scalar_map={Even: strawberry.scalar(name="Even", serialize=even, parse_value=int)})


@strawberry.enum
class Colour(Enum):
    """An enum whose values are not its names."""

    RED = 1
    GREEN = "green"


@strawberry.enum
class State(StrEnum):
    """An enum whose members equal texts."""

    ON = "ON"
    OFF = "off"


@strawberry.input
class Range:
    """An input with a default."""

    least: int = 0
    most: int | None = None
    colours: list[Colour] | None = None


class Later:
    """Something to be awaited, as often as one likes, that takes some turns of the loop."""

    def __init__(self, value: Any, turns: int) -> None:
        self._value, self._turns = value, turns

    def __repr__(self) -> str:
        return f"Later({self._value!r})"

    def __await__(self) -> Generator[Any, None, Any]:
        for _ in range(self._turns):
            yield from asyncio.sleep(0).__await__()
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


@strawberry.interface
class Named:
    """What things have in common."""

    name: str
    nick: str | None

    @strawberry.field
    def loud(self, times: int = 2) -> str | None:
        """Fail for some arguments."""
        if times > 10:
            raise ValueError("too loud")
        return None if times < 0 else "!" * times


@strawberry.type
class Other:
    """A type that is no Named."""

    number: int
    things: list["Thing | None"] | None

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        """Tell by the value; the field that is told is never an item of its list."""
        return isinstance(value, Other) and not isinstance(info.path.key, int)


@strawberry.type
class Thing(Named):
    """A type with fields of every kind."""

    id: strawberry.ID
    number: int
    count: int | None
    share: float | None
    is_big: bool
    colour: Colour | None
    state: State
    at: datetime | None
    class_: str = strawberry.field(name="class")
    data: JSON | None
    even: Even | None
    must_be_even: Even
    words: list[str]
    matrix: list[list[int | None] | None] | None
    owner: Named | None
    must_have: Named
    either: Annotated["Thing | Other | None", strawberry.union("Either")]
    several: list[Annotated["Thing | Other", strawberry.union("Either")]] | None
    parts: list["Thing"]
    few: list["Thing | None"]
    twin: "Thing | None"
    resolved: strawberry.Private[Any]
    # Of a twin that may be nothing, or anything.
    twins_count: int | None = strawberry.field(resolver=Attribute("twin.count"))
    twins_name: str = strawberry.field(resolver=Attribute("twin.name"))
    twins_twin: "Thing | None" = strawberry.field(resolver=Attribute("twin.twin"))

    @strawberry.field
    def plain(self) -> "Thing | None":
        """Return what the data has for resolvers."""
        found: Thing = _given(self.resolved)
        return found

    @strawberry.field
    async def waits(self) -> "Thing | None":
        """Return the same, later."""
        await asyncio.sleep(0)
        found: Thing = _given(self.resolved)
        return found

    @strawberry.field
    def ready(self) -> "Thing | None":
        """Return the same as a future that is there already."""
        future: Any = asyncio.get_running_loop().create_future()
        if isinstance(self.resolved, Exception):
            future.set_exception(self.resolved)
        else:
            future.set_result(self.resolved)
        return cast("Thing | None", future)

    @strawberry.field
    async def must_wait(self, info: strawberry.Info) -> "Thing":
        """Return the same where there must be one, if asked at an even depth."""
        depth = len(info.path.as_list())
        if depth % 2:
            await asyncio.sleep(0)
        found: Thing = _given(self.resolved)
        return found

    @strawberry.field
    async def in_range(self, of: Range, also: list[int] | None = None) -> str:
        """Return what it was asked for."""
        return f"{of} {also} {len(self.words)}"

    @strawberry.field
    async def told(self, info: strawberry.Info) -> list[str]:
        """Return what resolvers are told."""
        return [str(info.path.as_list()), info.field_name, info.python_name, str(info.return_type)]


class Special(Thing):
    """What is a Thing as well, and of another class."""


def _given(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


ZONES = [UTC, None, timezone.utc, timezone(timedelta(hours=-3, minutes=-30))]  # noqa: UP017


class Data:
    """Data drawn with `random`; about one value in `wrong` is not what it should be."""

    def __init__(self, random: Random, wrong: float) -> None:
        self._random = random
        self._wrong = wrong

    def _value(self, right: Any) -> Any:
        chance = self._random.random()
        if chance < 0.1:
            return Later(self._value(right), self._random.randrange(3))
        if chance > self._wrong:
            return right
        wrong: list[Any] = [None, None, ValueError("bad"), "text", 3, 2.5, float("nan"), True, 2**31, [], {}, State.ON]
        return self._random.choice([*wrong, Colour.RED, ("a", 1), {"a"}, self.other(0)])

    def things(self, depth: int) -> Any:
        """Return some of them, at times as something else than a list."""
        found = [self.maybe(depth) for _ in range(self._random.randrange(4))] if depth > 0 else []
        return self._value(tuple(found) if self._random.random() < 0.2 else found)

    def maybe(self, depth: int) -> Any:
        """Return a thing, another thing or none."""
        if depth <= 0:
            return None
        return self._value(self.thing(depth) if self._random.random() < 0.8 else self.other(depth))

    def _cast(self, thing: "Thing") -> "Thing":
        """Return it, at times as a thing that is to be taken for something else."""
        chance = self._random.random()
        return strawberry.cast(Other if chance < self._wrong / 4 else Thing, thing) if chance < 0.1 else thing

    def other(self, depth: int) -> Other:
        """Return one of the other type."""
        return Other(number=self._value(7), things=self.things(depth - 1))

    def box(self, depth: int) -> Any:
        """Return a box, of whatever it is."""
        return self._value(Box(number=self._value(1), holds=self.maybe(depth - 1)))

    def boxes(self, depth: int) -> Any:
        """Return some of them."""
        return self._value([self.box(depth) for _ in range(self._random.randrange(4))])

    def thing(self, depth: int) -> Thing:
        """Return a thing with things of less depth."""
        pick, below = self._random.choice, depth - 1
        made = Thing if self._random.random() < 0.9 else Special
        thing = made(
            name=self._value("name"),
            nick=self._value(pick(["nick", None])),
            id=self._value("id"),
            number=self._value(pick([1, -(2**31), 2**31 - 1])),
            count=self._value(4),
            share=self._value(pick([0.5, 1, float("inf")])),
            is_big=self._value(pick([True, False])),
            colour=self._value(pick([Colour.RED, Colour.GREEN])),
            state=self._value(pick([State.ON, State.OFF])),
            at=self._value(datetime(2026, 1, 1, 0, 0, 1, pick([0, 5000]), pick(ZONES))),
            class_=self._value("first"),
            data=self._value({"a": [1, None]}),
            even=self._value(pick([2, 3, 0])),
            must_be_even=self._value(pick([2, 2, 2, 3, 0])),
            words=self._value(["a", "b"]),
            matrix=self._value([[1, None], None, [self._value(3)]]),
            owner=self.maybe(below),
            must_have=self.maybe(below),
            either=self.maybe(below),
            several=self.things(below),
            parts=self.things(below),
            few=self.things(below),
            twin=self.maybe(below),
            resolved=self.maybe(below),
        )
        return self._cast(thing)


@strawberry.type
class Box(Generic[T]):
    """A type of several, whose objects are of one class."""

    number: int
    holds: T | None


@strawberry.type
class Query:
    """What the root has."""

    thing: Thing | None
    must: Thing
    named: list[Named | None] | None
    either: Annotated[Thing | Other | None, strawberry.union("Either")]
    boxes: list[Box[Thing] | None] | None
    box: Box[Other] | None


@strawberry.type
class Mutation:
    """What can be done: one after the other."""

    @strawberry.mutation
    async def slow(self, info: strawberry.Info, name: str) -> Thing | None:
        """Note when it begins and ends."""
        info.context.append(f"{name} begins")
        await asyncio.sleep(0)
        info.context.append(f"{name} ends")
        return None

    @strawberry.mutation
    def quick(self, info: strawberry.Info, name: str) -> str:
        """Note that it was done; fail where there is no name."""
        info.context.append(name)
        if not name:
            raise ValueError("no name")
        return name


@strawberry.type
class Subscription:
    """What can be followed."""

    @strawberry.subscription
    async def things(self, count: int) -> AsyncGenerator[Thing | None, None]:
        """Tell things that get better."""
        for number in range(count):
            yield Data(Random(number), wrong=0.3 / (number + 1)).thing(2)


def root(random: Random, wrong: float) -> Query:
    """Return data for the root."""
    data = Data(random, wrong)
    return Query(
        thing=data.maybe(4),
        must=data.thing(4),
        named=data.things(3),
        either=data.maybe(3),
        boxes=data.boxes(3),
        box=data.box(2),
    )


def spread(values: Any) -> Iterator[Any]:
    """Yield the keys of an answer in their order, for dictionaries that are equal may differ in it."""
    if isinstance(values, dict):
        yield list(values)
        for value in values.values():
            yield from spread(value)
    elif isinstance(values, list):
        for value in values:
            yield from spread(value)


SCHEMA: Any = strawberry.Schema(Query, Mutation, Subscription, config=CONFIG)._schema
