"""One SQL statement a list, whatever its length: for all that interface, command line and client ask."""

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from checks.interface_documents import interface_documents
from checks.own_documents import own_documents
from graphql import FieldNode, OperationDefinitionNode, OperationType, parse

import seeds
from serving import Api
from statements import counted_statements
from vedette.domain.assets import AssetEventKind
from vedette.domain.catalog import AssetSpec, JobSpec, SensorSpec, SensorStatus
from vedette.graphql import ids
from vedette.storage.database import Database

EXAMPLES = Path(__file__).parents[2] / "frontend" / "src" / "graphiql" / "examples.ts"

# The most that any of them takes: a page of the interface about one thing and all that belongs to it.
MOST = 16
# These ask whether the server is there, and who one is to it, no more.
WITHOUT = {"interface.Reachable", "interface.Viewer"}


def queries() -> dict[str, str]:
    """Return every query that we ship, by where it is from."""
    examples = re.findall(r"const (\w+) = `(.*?)`", EXAMPLES.read_text(encoding="utf-8"), re.DOTALL)
    interface = {f"interface.{name}": text for name, text in interface_documents().items()}
    shipped = own_documents() | interface | {f"examples.{name}": text for name, text in examples}
    return {name: text for name, text in shipped.items() if is_query(text)}


def is_query(text: str) -> bool:
    operations = [node for node in parse(text).definitions if isinstance(node, OperationDefinitionNode)]
    return all(operation.operation is OperationType.QUERY for operation in operations)


class Shop:
    """A shop whose every list has the same length, and grows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._made = 0
        self.sensors: list[UUID] = []
        self.job = UUID(int=0)
        self.sensor = UUID(int=0)
        self.tick = UUID(int=0)
        self.run = UUID(int=0)

    async def open(self) -> None:
        await seeds.code_location(self._database)
        self.job = await seeds.job(self._database, JobSpec(name="process"))
        await seeds.assets(self._database, [AssetSpec(("a00",), deps=(("a01",),), jobs=("process",))])
        await self.grow(1)

    async def grow(self, count: int) -> None:
        """Add as many of each thing; the first sensor, tick and run get as many of what belongs to each."""
        numbers = range(self._made + 1, self._made + count + 1)
        specs = [
            SensorSpec(name=f"s{number:02}", job_names=("process",), default_status=SensorStatus.RUNNING)
            for number in numbers
        ]
        for number, sensor in zip(numbers, await seeds.sensors(self._database, specs), strict=True):
            self.sensors.append(sensor)
            if number == 1:
                self.sensor = sensor
            tick = await seeds.tick(self._database, self.sensor if number % 2 else sensor, 100 + number, "SUCCESS")
            run = await seeds.run(self._database, number, sensor_id=sensor, tick_id=tick)
            if number == 1:
                self.tick, self.run = tick, run
            await self._belongings(number, tick)
            await self._assets(number, run)
        self._made += count

    async def _belongings(self, number: int, tick: UUID) -> None:
        await seeds.run_event(self._database, self.run, "LOG", message="x", level="INFO", logger="user")
        values = {"sensor": self.sensor, "tick": tick, "of": self.tick, "run": self.run, "number": number}
        for statement in (
            """INSERT INTO cursor_changes (sensor_id, version, id, value, tick_id)
            VALUES (:sensor, :number, :tick, 'a', :tick)""",
            """INSERT INTO tick_logs (tick_id, seq, status, at, level, logger, message)
            VALUES (:of, :number, 'SUCCESS', now(), 'INFO', 'user', 'x')""",
            """INSERT INTO run_requests (tick_id, index, status, job_name, run_config, tags, outcome, run_id)
            VALUES (:of, :number, 'SUCCESS', 'process', '{}', '{}', 'LAUNCHED', :run)""",
            "INSERT INTO run_steps (run_id, index, name, status) VALUES (:run, :number, 'op', 'SUCCESS')",
        ):
            named = {name: values[name] for name in re.findall(r"(?<!:):(\w+)", statement)}
            await seeds.execute(self._database, statement, **named)

    async def _assets(self, number: int, run: UUID) -> None:
        """Add an asset that is made of the one all ask about, or one that this is made of, and an event of that one."""
        spec = AssetSpec((f"a{number:02}",), deps=(() if number == 1 else (("a01",),)), jobs=("process",))
        await seeds.assets(self._database, [spec])
        await seeds.asset_event(self._database, spec.key[0], run_id=run)
        await seeds.asset_event(self._database, "a01", AssetEventKind.OBSERVATION, run_id=run, place=1)

    def variables(self, document: str) -> dict[str, Any]:
        """Return variables that fit the operation of a document."""
        [operation] = [node for node in parse(document).definitions if isinstance(node, OperationDefinitionNode)]
        [field] = [node.name.value for node in operation.selection_set.selections if isinstance(node, FieldNode)][:1]
        is_job = field == "job" or "on Job" in document
        of_field = {"tick": ids.encode("Tick", self.tick), "run": ids.encode("Run", self.run)}
        key = of_field.get(field) or (ids.encode("Job", self.job) if is_job else None)
        sensor = ids.encode("Sensor", self.sensor)
        fitting: dict[str, Any] = {
            "by": {"name": {"name": "process" if field == "job" else "s01"}},
            "id": key or sensor,
            "sensorId": sensor,
            "ids": [ids.encode("Sensor", each) for each in self.sensors],
            "text": "s",
            "first": 50,
            "filter": {},
            "name": "s01",
            "key": ["a01"],
            "since": "2026-01-01T00:00:00Z",
            "until": "2026-01-02T00:00:00Z",
            "seconds": 3600.0,
            "perJob": 50,
            "position": "1",
        }
        wanted = {node.variable.name.value for node in operation.variable_definitions or ()}
        return {name: value for name, value in fitting.items() if name in wanted}


def test_the_queries_are_found() -> None:
    assert len(queries()) >= 40


@pytest.mark.parametrize("name", queries())
async def test_a_query_takes_as_many_statements_for_many_as_for_one(api: Api, database: Database, name: str) -> None:
    document = queries()[name]
    shop = Shop(database)
    await shop.open()
    await api.query(document, **shop.variables(document))
    with counted_statements() as for_one:
        await api.query(document, **shop.variables(document))
    await shop.grow(12)
    with counted_statements() as for_many:
        await api.query(document, **shop.variables(document))
    # What is read side by side is asked in any order.
    assert sorted(for_many) == sorted(for_one)
    assert name in WITHOUT or 0 < len(for_one) <= MOST
