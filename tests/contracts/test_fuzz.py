"""A short form of `make fuzz`: what is malformed gets an answer, and leaves nothing behind."""

import asyncio

import pytest
from fuzz.attack import Attack

from serving import Api, eventually, is_listened_to
from vedette.bus import Bus
from vedette.storage.database import Database

THROWN = 120


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_that_is_thrown_at_it_surprises_it(
    api: Api, database: Database, bus: Bus, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    before = len(asyncio.all_tasks())
    attack = Attack(api.address, seed)
    for _ in range(THROWN):
        await attack.once()
    assert attack.found.faults == []
    assert attack.found.thrown == THROWN
    assert not [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    # Streams that were left have ended, and every connection is back.
    await eventually(lambda: not is_listened_to(bus) and len(asyncio.all_tasks()) <= before)
    assert database._engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # QueuePool has it
    await api.query("{ instance { version } }")
