"""What every engine does, and what those on other machines do besides: on real clusters, whose processes are killed."""

import os
import signal
from uuid import UUID

import psutil
import pytest

from integration.engines.clusters import agent_of, worker_of
from integration.engines.stage import Stage
from integration.launcher.queue import launching

# The first test of an engine starts its cluster.
pytestmark = pytest.mark.timeout(240)

# `make engines` tries everything on every engine. Without it, what is ours is tried without a cluster, and on clusters
# what only they can show.
ALL = os.environ.get("ENGINES") == "all"


def on(*engines: str, more: tuple[str, ...] = ()) -> pytest.MarkDecorator:
    """Try a test on `engines`, and on `more` of them where all is to be tried."""
    return pytest.mark.parametrize("stage", engines + (more if ALL else ()), indirect=True)


@on("local", "here", "dask", "ray")
async def test_a_run_executes_and_tells_what_happens(stage: Stage) -> None:
    async with stage.launching():
        run_id, status, error = await stage.finish("succeeds")
        assert (status, error) == ("SUCCESS", "")
        [line] = stage.lines(str(run_id))
        assert line.endswith("no url"), "user code got the address of the database"
        assert {"hello from the op", "printed 2"} <= set(await stage.messages(run_id))
        assert await stage.queue.steps(run_id) == {"succeed": "SUCCESS", "use": "SUCCESS"}


@on("here", more=("local", "dask", "ray"))
async def test_each_way_to_fail_is_told_apart(stage: Stage) -> None:
    expected = {
        "fails": ("ValueError", "no such table: orders"),
        "exits": ("exited with code 3", "os._exit"),
        "greets": ("ops.greet is missing",),
        "unknown": ("unknown",),
        "fills": ("MemoryError",),
    }
    async with stage.launching():
        ids = {job_name: (await stage.queue.add(job_name))[0] for job_name in expected}
        await stage.queue.until_finished(90)
    for job_name, words in expected.items():
        row = await stage.queue.row(ids[job_name])
        assert row.status == "FAILURE", job_name
        assert all(word in row.error for word in words), row.error
        assert (row.started_at is not None) == (job_name not in ("greets", "unknown"))
    assert stage.lines() == []


@on("here", more=("local", "dask", "ray"))
async def test_logs_come_while_the_run_goes_on_and_a_cancel_lets_it_clean_up(stage: Stage) -> None:
    async with stage.launching():
        [run_id] = await stage.queue.add("waits")
        await stage.until_told(run_id, "the wait begins")
        [_, pid] = await stage.until_noted("waiting")
        await stage.queue.cancel(run_id)
        await stage.queue.until_status(run_id, "CANCELED")
        await stage.until_gone(int(pid))
    assert stage.lines()[1:] == ["cleaned up"]


@on("here", "dask", more=("local", "ray"))
async def test_a_forced_cancel_takes_all_that_the_run_started_with_it(stage: Stage) -> None:
    async with stage.launching():
        [run_id] = await stage.queue.add("starts_another")
        [_, *pids] = await stage.until_noted("started")
        await stage.queue.cancel(run_id, forced=True)
        await stage.queue.until_status(run_id, "CANCELED")
        await stage.until_gone(*map(int, pids))


@on("here", more=("local", "dask", "ray"))
async def test_a_run_that_ignores_its_cancel_is_killed_after_the_grace(stage: Stage) -> None:
    async with stage.launching():
        [run_id] = await stage.queue.add("starts_another")
        [_, *pids] = await stage.until_noted("started")
        await stage.queue.cancel(run_id)
        await stage.queue.until_status(run_id, "CANCELED")
        await stage.until_gone(*map(int, pids))


@on("local", more=("dask", "ray"))
async def test_a_run_that_waits_for_what_it_asks_for_can_be_cancelled(stage: Stage) -> None:
    async with stage.launching():
        first, second, third = await stage.queue.add("takes_all", 3)
        await stage.until_noted("enters")
        waiting = {first, second, third} - {UUID(stage.lines("enters")[0].split()[0])}
        await stage.queue.cancel(min(waiting))
        await stage.queue.until_finished(60)
    assert sorted((await stage.queue.counts()).items()) == [("CANCELED", 1), ("SUCCESS", 2)]
    # One graphics processor: nobody enters before the other has left.
    assert [line.split()[1] for line in stage.lines()] == ["enters", "leaves"] * 2


@on("here", more=("local", "dask", "ray"))
async def test_a_run_whose_process_is_killed_is_tried_again_as_its_job_says(stage: Stage) -> None:
    async with stage.launching():
        [run_id] = await stage.queue.add("retries", on_interrupted="retry")
        [*_, pid] = await stage.until_noted("began")
        os.kill(int(pid), signal.SIGKILL)
        await stage.queue.until_finished(60)
    row = await stage.queue.row(run_id)
    assert (row.status, row.attempt) == ("SUCCESS", 2)
    assert [line.split()[1] for line in stage.lines()] == ["began", "began", "ended"]


@on("here", more=("local", "dask", "ray"))
async def test_many_lines_all_come_in_order(stage: Stage) -> None:
    async with stage.launching():
        [run_id] = await stage.queue.add("talks")
        await stage.queue.until_finished(90)
    rows = await stage.queue.execute(
        "SELECT message FROM run_events WHERE run_id = :id AND kind = 'LOG' ORDER BY position", id=run_id
    )
    assert [row.message.split()[1] for row in rows] == [str(number) for number in range(20_000)]


@on("here", more=("local", "dask", "ray"))
async def test_a_stopped_launcher_leaves_no_process_behind(stage: Stage) -> None:
    async with stage.launching():
        [run_id] = await stage.queue.add("waits")
        [_, pid] = await stage.until_noted("waiting")
    assert "its launcher was stopped" in (await stage.queue.row(run_id)).error
    await stage.until_gone(int(pid))
    assert stage.lines()[1:] == ["cleaned up"]


@on("dask", "ray")
async def test_a_worker_that_is_killed_takes_its_run_with_it_which_is_tried_again(stage: Stage) -> None:
    async with stage.launching():
        [run_id] = await stage.queue.add("retries", on_interrupted="retry")
        [failing] = await stage.queue.add("starts_another")
        [*_, pid] = await stage.until_noted("began")
        [_, other, child] = await stage.until_noted("started")
        workers = {worker_of(int(each)).pid for each in (pid, other)}
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        await stage.until_gone(int(pid), int(other), int(child))
        assert stage.cluster is not None
        stage.cluster.start()
        await stage.queue.until_finished(90)
    row = await stage.queue.row(run_id)
    assert (row.status, row.attempt) == ("SUCCESS", 2)
    assert len(stage.lines("began")) == 2
    assert "was lost with its worker" in (await stage.queue.row(failing)).error


@on("dask", more=("ray",))
async def test_a_scheduler_that_restarts_loses_nothing_and_doubles_nothing(stage: Stage) -> None:
    assert stage.cluster is not None
    async with stage.launching():
        [begun] = await stage.queue.add("retries", on_interrupted="retry")
        await stage.until_noted("began")
        stage.cluster.stop_scheduler()
        waiting = await stage.queue.add("succeeds", 3)
        stage.cluster.start()
        await stage.queue.until_finished(90)
    assert await stage.queue.counts() == {"SUCCESS": 4}
    assert (await stage.queue.row(begun)).attempt == 2
    assert [len(stage.lines(f"{run_id} done")) for run_id in waiting] == [1, 1, 1]
    assert len(stage.lines(f"{begun} ended")) == 1


@on("here", more=("dask", "ray"))
async def test_a_worker_with_other_code_refuses_the_run_and_says_what_to_do(stage: Stage) -> None:
    stage.deploy("2")
    async with stage.launching():
        [run_id] = await stage.queue.add("succeeds")
        told = await stage.until_told(run_id, "different code", "ENGINE")
        catalog = stage.locations["project"].catalog
        assert catalog is not None
        assert f"{catalog.code} at the launcher" in told
        assert "Deploy one version to both" in told
        assert stage.lines() == []
        stage.deploy("1")
        await stage.queue.until_finished(60)
    assert len(stage.lines(str(run_id))) == 1


@on("here", more=("dask", "ray"))
async def test_an_agent_that_hears_nothing_ends_its_run_before_that_is_tried_again(stage: Stage) -> None:
    async with stage.launching():
        [run_id] = await stage.queue.add("retries", on_interrupted="retry")
        [*_, pid] = await stage.until_noted("began")
        # What a network that hangs, or a machine that freezes, looks like from the launcher.
        agent = agent_of(int(pid))
        agent.suspend()
        try:
            await stage.until_told(run_id, "lost with its worker", "ENGINE")
        finally:
            agent.resume()
        await stage.queue.until_finished(60)
    await stage.until_gone(int(pid))
    assert (await stage.queue.row(run_id)).attempt == 2


@on(more=("dask", "ray"))
async def test_options_that_the_engine_does_not_know_are_refused(stage: Stage) -> None:
    async with stage.launching():
        _, status, error = await stage.finish("asks_for_red")
    assert status == "FAILURE"
    assert "EngineOptionsRefused" in error
    assert "colour" in error


@on("local", more=("dask", "ray"))
async def test_what_there_will_never_be_is_refused_here_and_waited_for_elsewhere(stage: Stage) -> None:
    async with (
        stage.another_engine(engine_wait_seconds=1.0) as engine,
        launching(stage.queue, engine, stage.settings),
    ):
        [run_id] = await stage.queue.add("takes_too_much")
        if stage.name == "local":
            row = await stage.queue.until_status(run_id, "FAILURE")
            assert "gpu=64" in row.error
            assert "this machine has" in row.error
        else:
            assert "gpu=64" in await stage.until_told(run_id, "No worker of", "ENGINE")
            await stage.queue.cancel(run_id)
            await stage.queue.until_finished(60)


@on("here")
async def test_of_two_agents_for_one_claim_one_is_let_in(stage: Stage) -> None:
    async with stage.launching():
        ids = await stage.queue.add("comes_twice", 5)
        await stage.queue.until_finished(60)
    assert await stage.queue.counts() == {"SUCCESS": 5}
    assert [len(stage.lines(f"{run_id} enters")) for run_id in ids] == [1] * 5


@on("dask", more=("ray",))
@pytest.mark.parametrize("how", [signal.SIGKILL, *([signal.SIGSTOP] if ALL else [])])
async def test_a_launcher_that_is_lost_leaves_no_process_and_its_runs_are_rescued(
    stage: Stage, database_url: str, how: signal.Signals
) -> None:
    with stage.launcher_process(database_url) as launcher:
        [run_id] = await stage.queue.add("retries", on_interrupted="retry")
        [*_, pid] = await stage.until_noted("began")
        launcher.send_signal(how)
        # Nobody tells the agent: it sees the connection end, or hears nothing any more.
        await stage.until_gone(int(pid))
    async with stage.launching():
        await stage.queue.until_finished(60)
    assert (await stage.queue.row(run_id)).attempt == 2
    assert [line.split()[1] for line in stage.lines()] == ["began", "began", "ended"]


@on(more=("dask",))
async def test_a_driver_that_is_killed_is_started_again_and_the_runs_of_dask_go_on(stage: Stage) -> None:
    async with stage.launching():
        [run_id] = await stage.queue.add("waits_for_word")
        await stage.until_noted("ready")
        for child in psutil.Process().children():
            if any(word.endswith("dask_driver") for word in child.cmdline()):
                child.kill()
        [other] = await stage.queue.add("succeeds")
        await stage.queue.until_status(other, "SUCCESS")
        with stage.ledger.open("a") as ledger:
            ledger.write("go on\n")
        row = await stage.queue.until_status(run_id, "SUCCESS")
    assert row.attempt == 1
