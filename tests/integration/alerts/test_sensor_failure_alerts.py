"""Alerts of sensors that fail, as a real database tells of them, sent to real servers."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest

import seeds
from integration.alerts.stubs import Stub, mailhost, service
from vedette import SensorDefinition
from vedette.alerts import (
    SensorProblem,
    TroublesContext,
    make_email_on_sensor_failure_sensor,
    make_slack_on_sensor_failure_sensor,
    make_teams_on_sensor_failure_sensor,
    sensor_failure_sensor,
)
from vedette.storage.database import Database
from vedette.storage.sensors import troubles


@pytest.fixture(autouse=True)
async def shop(database: Database) -> None:
    await seeds.code_location(database)
    for name in ("quiet", "flaky", "broken", "late", "stopped", "watch"):
        await seeds.sensor(database, name, default_status="STOPPED" if name == "stopped" else "RUNNING")


@pytest.fixture
def stub() -> Iterator[Stub]:
    with service() as stub:
        yield stub


async def become(database: Database, name: str, values: str) -> None:
    await seeds.execute(database, f"UPDATE sensors SET {values} WHERE name = :name", name=name)


async def trouble(database: Database) -> None:
    [(flaky,)] = await seeds.execute(database, "SELECT id FROM sensors WHERE name = 'flaky'")
    await seeds.tick(database, flaky, 1, "FAILURE")
    await seeds.execute(database, """UPDATE ticks SET error = '{"type": "E", "message": "oh", "stack": []}'""")
    await become(database, "flaky", "consecutive_failures = 2")
    await become(database, "broken", "status = 'STOPPED', status_source = 'FAILURE_POLICY', status_note = 'Paused.'")
    await become(database, "late", "next_tick_at = now() - interval '1 hour'")


class Watcher:
    """A sensor that watches others, from tick to tick."""

    def __init__(self, database: Database, sensor: SensorDefinition) -> None:
        self.database = database
        self.sensor = sensor
        self.cursor: str | None = None
        self.error: str | None = None

    async def tick(self) -> str | None:
        """Tick it, as the evaluator does, in a thread; return why it skipped, None where it failed."""
        async with self.database.reading() as connection:
            told = await troubles.read(connection)
        context = TroublesContext(self.sensor.name, told, cursor=self.cursor)
        evaluation = await asyncio.to_thread(self.sensor.evaluate_tick, context)
        self.error = evaluation.error.message if evaluation.error else None
        if evaluation.cursor_set and evaluation.error is None:
            self.cursor = evaluation.cursor
        return evaluation.skip_reason


async def test_each_trouble_is_told_once_and_that_it_is_over(database: Database) -> None:
    sent: list[list[str]] = []

    def send(problems: Sequence[SensorProblem]) -> None:
        sent.append(sorted(f"{problem.kind} {problem.sensor}: {problem.message}" for problem in problems))

    watcher = Watcher(database, sensor_failure_sensor(send, "watch"))
    assert await watcher.tick() == "Nothing new about the sensors."
    await trouble(database)
    await watcher.tick()
    await watcher.tick()
    [told] = sent
    assert [line.split(":")[0] for line in told] == ["FAILING shop/flaky", "OVERDUE shop/late", "PAUSED shop/broken"]
    assert told[0].endswith(": E: oh")
    await become(database, "flaky", "status = 'STOPPED', status_source = 'FAILURE_POLICY'")
    await become(database, "broken", "status = 'RUNNING', status_source = 'USER', status_note = NULL")
    await watcher.tick()
    assert [line.split(":")[0] for line in sent[1]] == ["PAUSED shop/flaky", "RECOVERED shop/broken"]
    assert len(sent) == 2


async def test_only_those_that_are_wanted_and_that_fail_often_enough_are_told(database: Database) -> None:
    sent: list[str] = []
    watcher = Watcher(
        database,
        sensor_failure_sensor(
            lambda problems: sent.extend(problem.sensor for problem in problems),
            "watch",
            monitored_sensors=["flaky", "shop/broken"],
            failures_before_alert=3,
        ),
    )
    await trouble(database)
    await watcher.tick()
    assert sent == ["shop/broken"]


async def test_what_could_not_be_sent_is_sent_by_the_next_tick(database: Database, stub: Stub) -> None:
    await trouble(database)
    stub.answers = [(500, {}, {}), (200, {}, {"ok": True})]
    watcher = Watcher(database, make_slack_on_sensor_failure_sensor("#a", "token-1", slack_api_url=stub.url))
    assert await watcher.tick() is None
    assert watcher.error is not None
    assert "Slack answered 500" in watcher.error
    assert "token-1" not in watcher.error
    await watcher.tick()
    await watcher.tick()
    assert stub.statuses == [500, 200]
    [message] = stub.taken
    assert "Sensor shop/broken is paused" in message.body["text"]


async def test_teams_and_mail_are_told_of_sensors_too(database: Database, stub: Stub) -> None:
    await trouble(database)
    await Watcher(database, make_teams_on_sensor_failure_sensor(stub.url)).tick()
    assert "Sensor shop/late is overdue" in str(stub.asked[0].body)
    async with mailhost("SSL", "secret") as host:
        mail = make_email_on_sensor_failure_sensor(
            "v@example.com", "secret", ["a@example.com"], smtp_host="127.0.0.1", smtp_port=host.port,
            ssl_context=host.trust,
        )  # fmt: skip
        await Watcher(database, mail).tick()
    [sent] = host.mails
    body = sent.get_body(("plain",))
    assert body is not None
    assert "Sensor shop/flaky fails\nE: oh" in body.get_content().replace("\r\n", "\n")


async def test_each_streak_of_failures_is_told_once_also_where_one_follows_another_unseen(database: Database) -> None:
    sent: list[str] = []
    watcher = Watcher(
        database, sensor_failure_sensor(lambda news: sent.extend(f"{one.kind} {one.since}" for one in news), "watch")
    )
    await become(database, "flaky", "consecutive_failures = 1, tick_count = 5")
    await watcher.tick()
    await become(database, "flaky", "consecutive_failures = 3, tick_count = 7")
    await watcher.tick()
    assert sent == ["FAILING 5"]
    await become(database, "flaky", "consecutive_failures = 1, tick_count = 9")
    await watcher.tick()
    assert sent == ["FAILING 5", "FAILING 9"]


async def test_a_sensor_that_somebody_stopped_is_no_trouble(database: Database) -> None:
    await become(database, "flaky", "consecutive_failures = 2, status = 'STOPPED', status_source = 'USER'")
    await become(database, "broken", "consecutive_failures = 2, loaded = false")
    async with database.reading() as connection:
        assert await troubles.read(connection) == ()
        assert (await troubles.marks(connection, None)).by_sensor == {}
