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
    # Streams that were left end, and every connection comes back; what looks around now and then may have one just now.
    pool = database._engine.pool
    await eventually(lambda: not is_listened_to(bus) and len(asyncio.all_tasks()) <= before)
    await eventually(lambda: pool.checkedout() == 0)  # type: ignore[attr-defined]  # QueuePool has it
    await api.query("{ instance { version } }")
