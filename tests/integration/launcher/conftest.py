"""Fixtures of the launcher's tests. Whatever a test does, the queue must be sound when it is over."""

from collections.abc import AsyncIterator

import pytest

from integration.launcher.queue import Queue
from integration.launcher.scripted import ScriptedEngine
from vedette.bus import Bus
from vedette.storage.database import Database


@pytest.fixture
async def queue(database: Database, bus: Bus, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Queue]:
    """The queue of a fresh database, checked at the end; and no duty of a launcher may have failed on the way."""
    queue = Queue(database, bus)
    yield queue
    await queue.assert_sound()
    messages = [record.getMessage() for stage in ("setup", "call") for record in caplog.get_records(stage)]
    assert not [message for message in messages if "it will try again" in message or "given up" in message]


@pytest.fixture
def engine() -> ScriptedEngine:
    """An engine in this process."""
    return ScriptedEngine()
