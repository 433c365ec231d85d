"""How runs end: each way a process can end, and each way it can be asked to."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from integration.launcher.queue import QUICK, Queue, launching
from integration.launcher.scripted import Script, ScriptedEngine, dying, failing, log
from vedette import faults
from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.logs import ErrorInfo


async def test_a_run_that_succeeds_is_told_from_claim_to_end(queue: Queue, engine: ScriptedEngine) -> None:
    engine.scripts["job"] = Script(events=(log("hello"),))
    async with launching(queue, engine):
        [run_id] = await queue.add("job")
        row = await queue.until_status(run_id, "SUCCESS")
    kinds = await queue.kinds(run_id)
    assert kinds == [
        "RUN_QUEUED", "RUN_STARTING", "RUN_STARTED", "STEP_STARTED", "LOG", "STEP_SUCCESS", "STEP_SUCCESS",
        "RUN_SUCCESS",
    ]  # fmt: skip
    assert row.queued_at <= row.started_at <= row.finished_at
    assert row.error is None
    assert await queue.steps(run_id) == {"work": "SUCCESS", "rest": "SUCCESS"}


async def test_user_code_begins_only_after_started_is_committed(queue: Queue, engine: ScriptedEngine) -> None:
    ready = asyncio.Event()
    engine.scripts["job"] = Script(ready_gate=ready)
    async with launching(queue, engine):
        [run_id] = await queue.add("job")
        await queue.until_status(run_id, "STARTING")
        assert engine.begun == []
        async with queue.database.writing() as blocker:
            await blocker.execute(text("SELECT FROM runs WHERE id = :id FOR UPDATE"), {"id": run_id})
            ready.set()
            await asyncio.sleep(0.2)  # long enough for a launcher that does not wait for its commit
            assert engine.begun == []
        await queue.until_status(run_id, "SUCCESS")
    assert engine.begun == [(run_id, 1)]


async def test_a_run_whose_user_code_fails_keeps_the_error(queue: Queue, engine: ScriptedEngine) -> None:
    error = ErrorInfo("ValueError", "no such file", ("frame",))
    failure = RunEvent(datetime.now(UTC), RunEventKind.STEP_FAILURE, "work", error=error)
    engine.scripts["job"] = Script(ends=failing(error), events=(failure,))
    async with launching(queue, engine):
        [run_id] = await queue.add("job")
        row = await queue.until_status(run_id, "FAILURE")
    assert "no such file" in row.error
    assert (await queue.events(run_id))[-1].error == error
    assert await queue.steps(run_id) == {"work": "FAILURE", "rest": "SKIPPED"}


async def test_a_refused_run_fails_without_having_started(queue: Queue, engine: ScriptedEngine) -> None:
    engine.scripts["job"] = Script(refusal=ErrorInfo("InvalidConfig", "ops.work.config.name is missing"))
    async with launching(queue, engine):
        [run_id] = await queue.add("job")
        row = await queue.until_status(run_id, "FAILURE")
    assert "ops.work.config.name is missing" in row.error
    assert row.started_at is None
    assert await queue.kinds(run_id) == ["RUN_QUEUED", "RUN_STARTING", "RUN_FAILURE"]


async def test_a_process_that_exits_or_crashes_fails_its_run_with_the_reason(
    queue: Queue, engine: ScriptedEngine
) -> None:
    engine.scripts = {
        "exits": Script(ends=dying(code=3)),
        "crashes": Script(ends=dying(signal=11)),
        "is killed": Script(ends=dying(signal=9)),
        "crashes early": Script(dies_early=dying(signal=11)),
    }
    words = {
        "exits": "exited with code 3 before it finished",
        "crashes": "signal 11 (SIGSEGV)",
        "is killed": "The run was interrupted: the run's process was killed by signal 9 (SIGKILL)",
        "crashes early": "before it was ready",
    }
    async with launching(queue, engine):
        for job_name, word in words.items():
            [run_id] = await queue.add(job_name)
            row = await queue.until_status(run_id, "FAILURE")
            assert word in row.error
            if job_name != "crashes early":
                assert await queue.steps(run_id) == {"work": "FAILURE", "rest": "SKIPPED"}


async def test_a_killed_process_of_a_job_that_says_retry_is_run_again(queue: Queue, engine: ScriptedEngine) -> None:
    script = engine.scripts["job"] = Script(gate=asyncio.Event())
    async with launching(queue, engine):
        [run_id] = await queue.add("job", on_interrupted="retry")
        await queue.until_status(run_id, "STARTED")
        engine.live[run_id].kill()

        async def is_second_attempt() -> bool:
            return engine.begun == [(run_id, 1), (run_id, 2)]

        await queue.until(is_second_attempt, "a second attempt")
        assert script.gate is not None
        script.gate.set()
        row = await queue.until_status(run_id, "SUCCESS")
    assert row.attempt == 2
    assert await queue.steps(run_id) == {"work": "SUCCESS", "rest": "SUCCESS"}


async def test_a_run_that_dies_before_user_code_is_queued_again_but_not_for_ever(
    queue: Queue, engine: ScriptedEngine
) -> None:
    engine.scripts["job"] = Script(dies_early=dying(signal=9))
    async with launching(queue, engine):
        [run_id] = await queue.add("job")
        row = await queue.until_status(run_id, "FAILURE")
    assert "never started" in row.error
    assert row.attempt == 1
    assert len(engine.prepared) > 3
    assert engine.begun == []


async def test_a_cancelled_run_gets_term_first(queue: Queue, engine: ScriptedEngine) -> None:
    engine.scripts["job"] = Script(gate=asyncio.Event())
    async with launching(queue, engine):
        [run_id] = await queue.add("job")
        await queue.until_status(run_id, "STARTED")
        process = engine.live[run_id]
        await queue.cancel(run_id)
        row = await queue.until_status(run_id, "CANCELED")
    assert process.signals[0] == 15
    assert (await queue.kinds(run_id))[-2:] == ["RUN_CANCELING", "RUN_CANCELED"]
    assert await queue.steps(run_id) == {"work": "CANCELED", "rest": "CANCELED"}
    assert row.finished_at is not None


async def test_a_run_that_ignores_term_is_killed_after_the_grace(queue: Queue, engine: ScriptedEngine) -> None:
    engine.scripts["job"] = Script(gate=asyncio.Event(), ignores_term=True)
    async with launching(queue, engine):
        [run_id] = await queue.add("job")
        await queue.until_status(run_id, "STARTED")
        process = engine.live[run_id]
        await queue.cancel(run_id)
        await queue.until_status(run_id, "CANCELED")
    assert process.signals[:2] == [15, 9]


async def test_a_forced_cancel_kills_at_once(queue: Queue, engine: ScriptedEngine) -> None:
    engine.scripts["job"] = Script(gate=asyncio.Event(), ignores_term=True)
    patient = {"cancel_grace_seconds": 600.0}
    async with launching(queue, engine, QUICK.model_copy(update=patient)):
        [run_id] = await queue.add("job")
        await queue.until_status(run_id, "STARTED")
        await queue.cancel(run_id)
        await queue.until_status(run_id, "CANCELING")
        await queue.cancel(run_id, forced=True)
        await queue.until_status(run_id, "CANCELED")


async def test_a_run_cancelled_while_it_prepares_executes_nothing(queue: Queue, engine: ScriptedEngine) -> None:
    engine.scripts["job"] = Script(ready_gate=asyncio.Event())
    async with launching(queue, engine):
        [run_id] = await queue.add("job")
        await queue.until_status(run_id, "STARTING")
        await queue.cancel(run_id)
        row = await queue.until_status(run_id, "CANCELED")
    assert engine.begun == []
    assert row.started_at is None


async def test_a_run_that_does_not_get_ready_fails_in_time(queue: Queue, engine: ScriptedEngine) -> None:
    engine.scripts["job"] = Script(ready_gate=asyncio.Event())
    async with launching(queue, engine, QUICK.model_copy(update={"load_timeout_seconds": 0.3})):
        [run_id] = await queue.add("job")
        row = await queue.until_status(run_id, "FAILURE")
    assert "not ready 0.3 s after" in row.error


async def test_text_that_postgres_refuses_is_kept_readable(queue: Queue, engine: ScriptedEngine) -> None:
    nasty = RunEvent(datetime.now(UTC), RunEventKind.ENGINE, "work", "a\x00b", data={"k\x00": "\\u0000 \x00 \\\x00"})
    engine.scripts["job"] = Script(events=(nasty,))
    async with launching(queue, engine):
        [run_id] = await queue.add("job")
        await queue.until_status(run_id, "SUCCESS")
    [kept] = [event for event in await queue.events(run_id) if event.kind is RunEventKind.ENGINE]
    assert kept.message == "a\ufffdb"
    assert kept.data == {"k\ufffd": "\\u0000 \ufffd \\\ufffd"}


@pytest.mark.parametrize("action", ["error", "timeout"])
async def test_a_run_that_cannot_be_followed_before_it_began_is_queued_again(
    queue: Queue, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    monkeypatch.setattr(faults, "_faults", faults.parse(f"PROCESS_PREPARED={action}"))
    async with launching(queue, engine):
        [run_id] = await queue.add("job")
        row = await queue.until_status(run_id, "SUCCESS")
    assert (row.attempt, engine.begun) == (1, [(run_id, 1)])
    await queue.assert_sound()


@pytest.mark.parametrize(("on_interrupted", "status"), [("fail", "FAILURE"), ("retry", "SUCCESS")])
async def test_a_run_that_cannot_be_followed_any_more_is_interrupted_as_its_job_says(
    queue: Queue, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, on_interrupted: str, status: str
) -> None:
    monkeypatch.setattr(faults, "_faults", faults.parse("PROCESS_BEGUN=error"))
    async with launching(queue, engine):
        [run_id] = await queue.add("job", on_interrupted=on_interrupted)
        row = await queue.until_status(run_id, status)
    if status == "FAILURE":
        assert "RunInterrupted" in row.error
        assert "could not be followed (InjectedFault: injected at PROCESS_BEGUN)" in row.error
    else:
        assert engine.begun == [(run_id, 1), (run_id, 2)]
    await queue.assert_sound()


async def test_what_the_database_refuses_of_one_run_harms_no_other(queue: Queue, engine: ScriptedEngine) -> None:
    impossible = RunEvent(datetime(1, 1, 1, tzinfo=UTC), RunEventKind.LOG, message="x", data={"k": 10**200_000})
    engine.scripts = {"bad": Script(events=(impossible,)), "good": Script(events=(log("fine"),))}
    async with launching(queue, engine):
        [bad] = await queue.add("bad")
        good = await queue.add("good", 10)
        row = await queue.until_status(bad, "FAILURE")
        await queue.until_finished()
    assert "could not be followed" in row.error
    assert {(await queue.row(run_id)).status for run_id in good} == {"SUCCESS"}
