import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from vedette import duties
from vedette.bus import Bus, topics
from vedette.bus.courier import Courier
from vedette.errors import DatabaseUnreachable
from vedette.runtime.own_loop import own_loop
from vedette.storage.connecting import connect

SOON = 5.0
# Long enough that a knock which does come would have come.
QUIET = 0.3


async def backend_of(url: str, application: str) -> list[int]:
    connection = await connect(url)
    try:
        rows = await connection.fetch(
            "SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()", application
        )
    finally:
        await connection.close()
    return [row["pid"] for row in rows]


async def test_a_knock_is_heard_in_the_same_process_at_once() -> None:
    async with Bus(None) as bus:
        with bus.listen(topics.TICKS, topics.RUNS) as listener:
            bus.knock(topics.TICKS)
            bus.knock(topics.TICKS, topics.SENSORS)
            assert await listener.wait(0) == {topics.TICKS}
            assert await listener.wait(0) == frozenset()


async def test_what_is_knocked_between_two_waits_is_not_lost() -> None:
    async with Bus(None) as bus:
        with bus.listen(topics.TICKS, topics.RUNS) as listener:
            bus.knock(topics.TICKS)
            bus.knock(topics.RUNS)
            assert await listener.wait(SOON) == {topics.TICKS, topics.RUNS}
            waiting = asyncio.create_task(listener.wait(SOON))
            await asyncio.sleep(0)
            bus.knock(topics.RUNS)
            assert await waiting == {topics.RUNS}


async def test_a_listener_hears_nothing_before_and_after_its_block() -> None:
    async with Bus(None) as bus:
        listener = bus.listen(topics.TICKS)
        bus.knock(topics.TICKS)
        with listener:
            assert await listener.wait(0) == frozenset()
        bus.knock(topics.TICKS)
        assert await listener.wait(0) == frozenset()


async def test_a_knock_crosses_the_loops_of_one_process(bus: Bus) -> None:
    @asynccontextmanager
    async def answering() -> AsyncIterator[None]:
        async def answer() -> None:
            assert await listener.wait(SOON) == {topics.TICKS}
            bus.knock(topics.RUNS)

        with bus.listen(topics.TICKS) as listener:
            answered = asyncio.create_task(answer())
            yield
            await answered

    with bus.listen(topics.RUNS) as listener:
        async with own_loop(answering):
            bus.knock(topics.TICKS)
            assert await listener.wait(SOON) == {topics.RUNS}


async def test_a_knock_from_another_loop_crosses_processes(database_url: str, bus: Bus) -> None:
    @asynccontextmanager
    async def knocking() -> AsyncIterator[None]:
        bus.knock(topics.RUNS)
        yield

    async with Bus(database_url) as other:
        with other.listen(topics.RUNS) as there:
            async with own_loop(knocking):
                assert await there.wait(SOON) == {topics.RUNS}


async def test_a_knock_crosses_processes(database_url: str, bus: Bus) -> None:
    topic = topics.run_events(uuid4())
    async with Bus(database_url) as other:
        with other.listen(topic) as there, bus.listen(topic) as here:
            bus.knock(topic)
            assert await there.wait(SOON) == {topic}
            assert await here.wait(SOON) == {topic}
            # The notification has been round by now, and does not knock a second time where it came from.
            assert await here.wait(QUIET) == frozenset()


async def test_knocks_travel_together(database_url: str, bus: Bus) -> None:
    payloads: asyncio.Queue[str] = asyncio.Queue()
    connection = await connect(database_url)

    def receive(_: object, process: int, channel: str, payload: object) -> None:
        payloads.put_nowait(str(payload))

    await connection.add_listener("vedette", receive)
    try:
        for _ in range(100):
            bus.knock(topics.TICKS)
            bus.knock(topics.RUNS)
        assert sorted((await asyncio.wait_for(payloads.get(), SOON)).split()) == [topics.RUNS, topics.TICKS]
        bus.knock(topics.SENSORS)
        assert await asyncio.wait_for(payloads.get(), SOON) == topics.SENSORS
    finally:
        await connection.close()


async def test_more_topics_than_one_notification_holds(database_url: str, bus: Bus) -> None:
    many = [topics.run_events(uuid4()) for _ in range(1000)]
    async with Bus(database_url) as other:
        with other.listen(*many) as listener:
            bus.knock(*many)
            heard: set[str] = set()
            async with asyncio.timeout(SOON):
                while len(heard) < len(many):
                    heard |= await listener.wait(SOON)
    assert heard == set(many)


async def test_a_lost_connection_is_made_again_and_knocks_on_everything(database_url: str, bus: Bus) -> None:
    (lost,) = await backend_of(database_url, "vedette bus")
    with bus.listen(topics.TICKS, topics.RUNS) as listener:
        connection = await connect(database_url)
        await connection.execute("SELECT pg_terminate_backend($1)", lost)
        await connection.close()
        assert await listener.wait(SOON) == {topics.TICKS, topics.RUNS}
    async with Bus(database_url) as other:
        with bus.listen(topics.TICKS) as listener:
            other.knock(topics.TICKS)
            assert await listener.wait(SOON) == {topics.TICKS}


async def test_knocks_made_while_the_connection_is_away_arrive(database_url: str, bus: Bus) -> None:
    (lost,) = await backend_of(database_url, "vedette bus")
    async with Bus(database_url) as other:
        with other.listen(topics.TICKS) as listener:
            connection = await connect(database_url)
            await connection.execute("SELECT pg_terminate_backend($1)", lost)
            bus.knock(topics.TICKS)
            await connection.close()
            assert await listener.wait(SOON) == {topics.TICKS}


async def test_leaving_sends_the_last_knocks_and_closes_the_connection(database_url: str) -> None:
    async with Bus(database_url) as other:
        with other.listen(topics.TICKS) as listener:
            async with Bus(database_url) as bus:
                bus.knock(topics.TICKS)
            assert await listener.wait(SOON) == {topics.TICKS}
    async with asyncio.timeout(SOON):
        while await backend_of(database_url, "vedette bus"):  # noqa: ASYNC110 - the server sets no Event
            await asyncio.sleep(0.01)


async def test_an_unreachable_database_is_said_at_once_and_without_the_password() -> None:
    with pytest.raises(DatabaseUnreachable) as caught:
        async with Bus("postgresql://anna:secret@127.0.0.1:1/sensors"):
            pass
    assert "anna" in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_a_fault_of_ours_does_not_end_the_bus(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "PAUSE_SECONDS", 0)
    notify = Courier._notify
    faults = iter([ZeroDivisionError()])

    async def faulty(self: Courier, connection: Any) -> None:
        for fault in faults:
            raise fault
        await notify(self, connection)

    monkeypatch.setattr(Courier, "_notify", faulty)
    async with Bus(database_url) as here, Bus(database_url) as there:
        with there.listen(topics.TICKS) as listener:
            here.knock(topics.TICKS)
            here.knock(topics.RUNS)
            # The first was lost with the fault or not, as it fell; what is knocked afterwards is heard.
            async with asyncio.timeout(SOON):
                while not await listener.wait(QUIET):
                    here.knock(topics.TICKS)
