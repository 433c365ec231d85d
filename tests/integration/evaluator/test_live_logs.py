"""What user code says while it is evaluated is stored meanwhile, in order and once."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from integration.evaluator.stage import FakeLocation, Stage, evaluating, until
from vedette.bus import Bus
from vedette.domain.catalog import SensorSpec
from vedette.domain.logs import LogLevel, LogRecord
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.storage.database import Database

SLOW = SensorSpec("slow", minimum_interval_seconds=30.0)


def line(message: str) -> LogRecord:
    return LogRecord(datetime(2026, 1, 1, tzinfo=UTC), LogLevel.INFO, "user", message)


class Speaker:
    """Says two lines and, when it is let go on, a third."""

    def __init__(self, location: FakeLocation, *, again: bool) -> None:
        self.go_on = asyncio.Event()
        self._location = location
        self._again = again
        self._tick_id = UUID(int=0)

    async def __call__(self, instruction: EvaluationInstruction) -> Evaluation:
        self._tick_id = instruction.tick_id
        said = [line("one"), line("two\x00")]
        self.say(said)
        await self.go_on.wait()
        if self._again:
            # Its host was lost: another host evaluates it from the start.
            said = [line("one, again"), line("two, again")]
            self.say(said)
        self.say([line("three")])
        return Evaluation(skip_reason="quiet", logs=(*said, line("three")))

    def say(self, lines: list[LogRecord]) -> None:
        assert self._location.on_log is not None
        for each in lines:
            self._location.on_log(self._tick_id, each)


@pytest.mark.parametrize("again", [False, True])
async def test_lines_are_there_while_it_goes_on_and_stay(database: Database, bus: Bus, again: bool) -> None:
    stage = Stage(database)
    await stage.add(SLOW)
    location = stage.location(SLOW)
    speaker = Speaker(location, again=again)
    location.code["slow"] = speaker

    async def messages(status: str) -> list[str]:
        rows = await stage.rows(
            "SELECT message FROM tick_logs JOIN ticks ON ticks.id = tick_id WHERE ticks.status = :status ORDER BY seq",
            status=status,
        )
        return [row["message"] for row in rows]

    async with evaluating(database, bus, location):
        assert await until(lambda: messages("STARTED")) == ["one", "two\ufffd"]
        speaker.go_on.set()
        ended = await until(lambda: messages("SKIPPED"))
    repeated = ["one, again", "two, again"] if again else []
    assert ended == ["one", "two\ufffd", *repeated, "three"]
