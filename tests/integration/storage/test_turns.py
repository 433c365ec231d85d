"""Whose turn it is: sources alternate in the queue, whatever one of them asks for; priorities go before turns."""

import pytest

from model.reference import Request
from model.system import System
from vedette.domain.run_keys import Dedup
from vedette.domain.runs import RunStatus
from vedette.storage.catalog import jobs
from vedette.storage.database import Database
from vedette.storage.runs import run_commands
from vedette.storage.runs.run_commands import RunWish


@pytest.fixture
async def system(database: Database) -> System:
    system = System(database, "here")
    await system.deploy({"flood": "RUNNING", "drop": "RUNNING"})
    await system.take_over()
    return system


async def ask(system: System, sensor: str, *labels: str) -> None:
    """Have a sensor ask for runs in one tick."""
    flight = await system.begin(sensor, shown=False)
    await system.finish(flight, None, [Request(label, "once", None, Dedup.FOREVER) for label in labels])


async def launch(system: System, label: str, actor: str, **tags: str) -> None:
    """Launch a run by hand."""
    async with system.database.writing() as connection:
        [job] = await jobs.by_name(connection, "once", system.location)
        await run_commands.launch(connection, RunWish(job, {}, {"label": label, **tags}), actor)
    await system.forward()


async def served(system: System, number: int) -> list[str]:
    """Claim so many runs, one after the other."""
    return [label for _ in range(number) for label in await system.claim(1)]


async def test_one_run_of_a_sensor_does_not_wait_for_ten_thousand_of_another(system: System) -> None:
    await ask(system, "flood", *(f"flood {number}" for number in range(50)))
    assert await served(system, 3) == ["flood 0", "flood 1", "flood 2"]
    await ask(system, "drop", "drop")
    assert await served(system, 3) == ["flood 3", "drop", "flood 4"]


async def test_sensors_that_ask_for_many_alternate_from_when_they_ask(system: System) -> None:
    await ask(system, "flood", *(f"flood {number}" for number in range(50)))
    await served(system, 20)
    await ask(system, "drop", *(f"drop {number}" for number in range(50)))
    # Not twenty of the second in a row, to make up for those that the first had before.
    expected = [
        f"{name} {number}" for name, first in (("flood", 20), ("drop", 0)) for number in range(first, first + 5)
    ]
    assert sorted(await served(system, 10)) == sorted(expected)


async def test_a_sensor_that_has_had_its_runs_is_not_behind_for_it(system: System) -> None:
    await ask(system, "flood", *(f"flood {number}" for number in range(30)))
    await served(system, 30)
    await ask(system, "drop", *(f"drop {number}" for number in range(30)))
    await ask(system, "flood", "again")
    assert "again" in await served(system, 2)


async def test_who_launches_by_hand_takes_turns_with_scripts_and_sensors(system: System) -> None:
    for number in range(10):
        await launch(system, f"script {number}", "script")
    await ask(system, "flood", "flood 0", "flood 1")
    await launch(system, "click", "ann")
    assert sorted(await served(system, 3)) == ["click", "flood 0", "script 0"]
    assert sorted(await served(system, 2)) == ["flood 1", "script 1"]


async def test_a_priority_goes_before_every_turn_and_has_turns_of_its_own(system: System) -> None:
    await ask(system, "flood", "flood 0", "flood 1", "flood 2")
    await served(system, 2)
    await launch(system, "urgent 0", "ann", **{"vedette/priority": "5"})
    await launch(system, "urgent 1", "ann", **{"dagster/priority": "5"})
    await launch(system, "more", "bob", **{"vedette/priority": "5"})
    await launch(system, "later", "ann", **{"vedette/priority": "-1"})
    assert await served(system, 5) == ["urgent 0", "more", "urgent 1", "flood 2", "later"]


async def test_a_cancelled_flood_leaves_no_debt(system: System) -> None:
    await ask(system, "flood", *(f"flood {number}" for number in range(40)))
    for number in range(40):
        await system.cancel(f"flood {number}")
    await ask(system, "drop", *(f"drop {number}" for number in range(10)))
    await ask(system, "flood", "one")
    assert "one" in await served(system, 2)


async def test_what_is_queued_again_keeps_its_place(system: System) -> None:
    await ask(system, "flood", "first", "second")
    claim = (await system.claim(1))["first"]
    await system.tell(claim, claim.event_count, RunStatus.QUEUED)
    assert await served(system, 2) == ["first", "second"]
