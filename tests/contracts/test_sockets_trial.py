"""A short form of `make sockets`: clients of every kind come and go, lose nothing, and leave nothing behind."""

from pathlib import Path

import pytest
from sockets import clients
from sockets.trial import Tell, Trial
from sockets.watching import Memory, Sample

CLIENTS = 60
SECONDS = 6.0


@pytest.mark.slow
async def test_clients_that_come_and_go_lose_nothing_and_leave_nothing(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "SLOW_SECONDS", (0.5, 1.5))
    monkeypatch.setattr(clients, "STAY_SECONDS", (0.2, 1.0))
    outcome = await Trial(database_url, tmp_path, CLIENTS).run(SECONDS, Tell(SECONDS))
    assert outcome.faults == []
    assert outcome.found.items > CLIENTS
    kinds = {"websockets closed", "websockets that vanished", "event streams that vanished", "slow, and kept up"}
    assert set(outcome.found.outcomes) >= kinds
    # There was something to leave behind.
    assert max(sample.subscriptions for sample in outcome.samples) > CLIENTS


def test_memory_that_grows_is_told_from_memory_that_settles() -> None:
    def held(*megabytes: float) -> Memory:
        return Memory.of([Sample(memory, 0, 0, 0, 0, 0, 0) for memory in megabytes])

    assert held(80, 130, 195, 199, 200, 200, 201, 203).is_flat
    assert not held(80, 130, 160, 180, 190, 200, 210, 220).is_flat
