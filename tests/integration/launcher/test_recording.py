"""What a launcher does when what happened in runs cannot be recorded at once, or not at all."""

import pytest

from integration.launcher.queue import QUICK, Queue, launching
from integration.launcher.scripted import Script, ScriptedEngine, log
from vedette import faults
from vedette.faults import Point

# What the text encoding of Postgres has no bytes for, and no child process can send.
POISON = "\ud800"


@pytest.mark.parametrize("point", [Point.START_COMMIT, Point.START_COMMITTED, Point.END_COMMIT, Point.END_COMMITTED])
@pytest.mark.parametrize("action", ["error", "timeout"])
async def test_an_exception_that_nobody_foresaw_is_tried_again_and_ends_no_run(
    queue: Queue, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, point: Point, action: str
) -> None:
    monkeypatch.setattr(faults, "_faults", faults.parse(f"{point}={action}@2"))
    await queue.add("job", 6)
    async with launching(queue, engine, QUICK):
        await queue.until_finished()
    assert await queue.counts() == {"SUCCESS": 6}
    assert len(engine.begun) == 6


async def test_a_run_that_cannot_be_recorded_ends_alone_and_says_why(queue: Queue, engine: ScriptedEngine) -> None:
    engine.scripts["poisoned"] = Script(events=(log(POISON),))
    good = await queue.add("job", 3)
    [bad] = await queue.add("poisoned")
    good += await queue.add("job", 3)
    async with launching(queue, engine, QUICK.model_copy(update={"slots": 7})):
        await queue.until_finished()
    assert {(await queue.row(run_id)).status for run_id in good} == {"SUCCESS"}
    row = await queue.row(bad)
    assert row.status == "FAILURE"
    assert "could not be recorded" in row.error
    assert "utf-8" in row.error


async def test_an_exception_that_does_not_pass_ends_only_the_run_that_it_hits(
    queue: Queue, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "_faults", faults.parse("START_COMMIT=error@*"))
    [run_id] = await queue.add("job")
    async with launching(queue, engine, QUICK):
        await queue.until_finished()
    row = await queue.row(run_id)
    assert (row.status, engine.begun) == ("FAILURE", [])
    assert "InjectedFault" in row.error


async def test_deadlocks_are_waited_out_however_many(queue: Queue, engine: ScriptedEngine) -> None:
    await queue.execute("CREATE SEQUENCE tries")
    await queue.execute(
        """CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('tries') <= 5 THEN RAISE EXCEPTION 'collision' USING ERRCODE = 'deadlock_detected'; END IF;
        RETURN NEW; END $$"""
    )
    await queue.execute(
        """CREATE TRIGGER collide BEFORE UPDATE ON runs FOR EACH ROW WHEN (NEW.status = 'STARTED')
        EXECUTE FUNCTION collide()"""
    )
    [run_id] = await queue.add("job")
    async with launching(queue, engine, QUICK):
        await queue.until_finished()
    assert (await queue.row(run_id)).status == "SUCCESS"
