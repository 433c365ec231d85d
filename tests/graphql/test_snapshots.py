"""A list and what changes after it, merged as docs/api.md says, are what there is: whatever is written in between."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

import seeds
from serving import Api, Subscription
from vedette.bus import Bus, topics
from vedette.domain.catalog import SensorSpec
from vedette.domain.ids import new_id
from vedette.graphql import ids
from vedette.settings import Settings
from vedette.storage import streams
from vedette.storage.database import Database

EXAMPLES = hypothesis.settings(
    max_examples=12, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# What is shown of each, and by which it is told apart from those of other examples.
SHOWN = {"ticks": "id number status", "runs": "id status", "sensors": "id name status"}
ITEMS = {"ticks": ("TickChanged", "tick"), "runs": ("RunChanged", "run"), "sensors": ("SensorChanged", "sensor")}
FILTERS = {"ticks": "TickFilter", "runs": "RunFilter", "sensors": "SensorFilter"}
SENSORS = 3
# So few that what is written in between comes between pages.
PAGE_SIZE = 2
RUN_STATUSES = [("RUN_STARTED", "STARTED"), ("RUN_SUCCESS", "SUCCESS")]


@pytest.fixture
def settings() -> Settings:
    """Polling so seldom that only knocks are in time."""
    return Settings(poll_seconds=600)


class World:
    """Sensors with their ticks, and runs, of one example; a number says what is written next."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database, self._bus = database, bus
        self._job = ""
        self._sensors: list[UUID] = []
        self._started: list[UUID] = []
        self._runs: list[tuple[UUID, int]] = []
        self._count = 0

    async def begin(self) -> dict[str, Any]:
        """Begin; return what filters tell what is of this example."""
        location = f"shop {new_id()}"
        await seeds.code_location(self._database, location)
        specs = [SensorSpec(name=f"s{number}") for number in range(SENSORS)]
        self._sensors = await seeds.sensors(self._database, specs, location)
        self._job = location
        return {
            "ticks": {"sensorId": ids.encode("Sensor", self._sensors[0])},
            "runs": {"jobName": self._job},
            "sensors": {"codeLocation": location},
        }

    async def ticks(self, number: int) -> None:
        """Start a tick, or end one."""
        if number % 2 and self._started:
            status = ("SUCCESS", "FAILURE", "SKIPPED")[number % 3]
            await seeds.end_tick(self._database, self._started.pop(number % len(self._started)), status)
        else:
            self._count += 1
            self._started.append(await seeds.tick(self._database, self._sensors[0], self._count, "STARTED"))
        self._bus.knock(topics.TICKS)

    async def runs(self, number: int) -> None:
        """Queue a run, or let one go on."""
        if number % 3 and self._runs:
            run, stage = self._runs.pop(number % len(self._runs))
            await seeds.run_event(self._database, run, *RUN_STATUSES[stage])
            if stage + 1 < len(RUN_STATUSES):
                self._runs.append((run, stage + 1))
        else:
            self._count += 1
            self._runs.append((await seeds.run(self._database, self._count, job_name=self._job), 0))
        self._bus.knock(topics.RUNS)

    async def sensors(self, number: int) -> None:
        """Start a sensor, or stop it."""
        sensor = self._sensors[number % SENSORS]
        turn = "UPDATE sensors SET status = CASE status WHEN 'RUNNING' THEN 'STOPPED' ELSE 'RUNNING' END WHERE id = :id"
        await seeds.execute(self._database, turn, id=sensor)
        async with self._database.writing() as connection:
            await streams.append_sensors(connection, [sensor])
        self._bus.knock(topics.SENSORS)


Meanwhile = Callable[[], Awaitable[None]]


async def nothing() -> None:
    return


class Table:
    """What a client shows: the list, kept up to date by the stream."""

    def __init__(self, api: Api, noun: str, wanted: Any) -> None:
        self._api, self._noun, self._wanted = api, noun, wanted
        self.rows: dict[str, Any] = {}

    async def position(self) -> int:
        """Return how far the stream has come."""
        data = await self._api.query("{ instance { positions { ticks runs sensors } } }")
        return int(data["instance"]["positions"][self._noun])

    async def read(self, meanwhile: Meanwhile = nothing) -> None:
        """Read the list page by page; something is written after each."""
        document = f"""query($filter: {FILTERS[self._noun]}, $after: String) {{
            {self._noun}(filter: $filter, first: {PAGE_SIZE}, after: $after) {{
                edges {{ node {{ {SHOWN[self._noun]} }} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
        after, is_more = None, True
        while is_more:
            page = (await self._api.query(document, filter=self._wanted, after=after))[self._noun]
            self.rows.update({edge["node"]["id"]: edge["node"] for edge in page["edges"]})
            after, is_more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
            await meanwhile()

    def follow(self, after: int) -> Any:
        """Return the subscription after a position, to enter."""
        kind, field = ITEMS[self._noun]
        document = f"""subscription($filter: {FILTERS[self._noun]}, $after: StreamPosition) {{
            {self._noun}(filter: $filter, after: $after) {{
                ... on {kind} {{ position {field} {{ {SHOWN[self._noun]} }} }} }} }}"""
        return self._api.subscribe(document, filter=self._wanted, after=str(after))

    async def merge(self, told: Subscription, begin: int, end: int) -> None:
        """Take changes in, in their order, until the stream has come as far as `end`."""
        position = begin
        while position < end:
            item = (await told.next())[self._noun]
            assert int(item["position"]) > position
            position = int(item["position"])
            row = item[ITEMS[self._noun][1]]
            self.rows[row["id"]] = row


WRITES = st.lists(st.integers(0, 5), max_size=6)


@pytest.mark.parametrize("noun", SHOWN)
@EXAMPLES
@given(before=WRITES, early=WRITES, between=WRITES, late=WRITES, is_list_first=st.booleans())
async def test_a_list_and_its_changes_are_what_there_is(
    api: Api,
    database: Database,
    bus: Bus,
    noun: str,
    before: list[int],
    early: list[int],
    between: list[int],
    late: list[int],
    is_list_first: bool,
) -> None:
    world = World(database, bus)
    table = Table(api, noun, (await world.begin())[noun])
    write = getattr(world, noun)

    async def written(numbers: list[int]) -> None:
        for number in numbers:
            await write(number)

    async def one_of(numbers: list[int]) -> None:
        if numbers:
            await write(numbers.pop())

    await written(before)
    begin = await table.position()
    await written(early)
    if is_list_first:
        await table.read(lambda: one_of(between))
        await written(between)
    async with table.follow(begin) as told:
        if not is_list_first:
            await table.read(lambda: one_of(between))
            await written(between)
        await written(late)
        await table.merge(told, begin, await table.position())
    truth = Table(api, noun, table._wanted)
    await truth.read()
    assert table.rows == truth.rows
