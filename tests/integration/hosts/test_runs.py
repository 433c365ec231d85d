"""Runs on real processes: prepared, begun, followed, cancelled."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from integration.hosts.projects import Project, is_running, until
from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.runs import RunInstruction
from vedette.hosts.locations import CodeLocation
from vedette.hosts.run_process import RunExit, RunProcess, RunRefused

JOBS = """
here = Path(__file__).parent

class Limit(Config):
    lines: int = 0

def job_of(function):
    made = op()(function)
    def graph():
        made()
    graph.__name__ = function.__name__ + "_job"
    return job()(graph)

"""


def write(project: Project, body: str) -> None:
    project.write("from pathlib import Path\n" + JOBS)
    project.path.write_text(project.path.read_text() + body)


def messages(events: Sequence[RunEvent]) -> list[str | None]:
    return [event.message for event in events if event.kind is RunEventKind.LOG]


@asynccontextmanager
async def begun(location: CodeLocation, job: str, **options: Any) -> AsyncIterator[RunProcess]:
    async with location.run_process(RunInstruction(uuid4(), job, **options)) as process:
        await process.ready()
        await process.begin()
        yield process


async def follow(process: RunProcess) -> tuple[list[RunEvent], RunExit]:
    events = [event async for batch in process.events() for event in batch]
    exit_ = await process.exit()
    return [*events, *exit_.last_events], replace(exit_, last_events=())


async def execute(location: CodeLocation, job: str) -> tuple[list[RunEvent], RunExit]:
    async with begun(location, job) as process:
        return await follow(process)


async def test_a_run_begins_no_user_code_before_it_is_told_to(project: Project, tmp_path: Path) -> None:
    write(
        project,
        """
@op
def first():
    (here / "begun").write_text(os.environ["VEDETTE_RUN_ID"] + os.environ["VEDETTE_CHILD"])

@op
def second(value):
    print("done")

@job
def both():
    second(first())
""",
    )
    run_id = uuid4()
    async with project.served() as location, location.run_process(RunInstruction(run_id, "both")) as process:
        assert await process.ready() == ("first", "second")
        assert not (tmp_path / "begun").exists()
        await process.begin()
        events, ended = await follow(process)

    assert (tmp_path / "begun").read_text() == f"{run_id}1"
    assert ended == RunExit(None, True, 0, None)
    kinds = [(event.kind.value, event.step) for event in events if event.kind is not RunEventKind.LOG]
    assert kinds == [
        ("STEP_STARTED", "first"),
        ("STEP_SUCCESS", "first"),
        ("STEP_STARTED", "second"),
        ("STEP_SUCCESS", "second"),
    ]
    assert messages(events) == ["done"]


@pytest.mark.parametrize(
    ("instruction", "words"),
    [
        ({"job_name": "nowhere"}, "nowhere"),
        ({"job_name": "picky_job", "run_config": {"ops": {"picky": {"config": {"lines": "x"}}}}}, "lines"),
    ],
)
async def test_a_run_that_cannot_be_executed_is_refused(
    project: Project, instruction: dict[str, Any], words: str
) -> None:
    write(project, "def picky(config: Limit): pass\npicky_job = job_of(picky)\n")
    async with project.served() as location, location.run_process(RunInstruction(uuid4(), **instruction)) as process:
        with pytest.raises(RunRefused) as refused:
            await process.ready()
    assert words in refused.value.error.message


ENDS = {
    "raises": ('raise ValueError("no such table")', "no such table", None, None),
    "exits": ("os._exit(3)", "exited with code 3 during the run", 3, None),
    "segfaults": ("ctypes.string_at(0)", "signal 11 (SIGSEGV)", None, 11),
    "is killed": ("os.kill(os.getpid(), 9)", "signal 9 (SIGKILL)", None, 9),
    "eats memory": ("hoard = [bytearray(1 << 24) for _ in range(100_000)]", "MemoryError", 0, None),
}


@pytest.mark.parametrize("case", ENDS)
async def test_how_a_run_ended_is_told(project: Project, case: str) -> None:
    body, words, code, number = ENDS[case]
    write(project, f"def work():\n    print('last words')\n    {body}\nwork_job = job_of(work)\n")
    async with project.served(host_memory_mb=300) as location:
        events, ended = await execute(location, "work_job")
    assert ended.error is not None
    assert words in f"{ended.error.type}: {ended.error.message}"
    assert "last words" in messages(events)
    if not ended.finished:
        assert (ended.code, ended.signal) == (code, number)


@pytest.mark.parametrize("setup", ["", "logging.basicConfig()", "logging.basicConfig(stream=sys.stdout)"])
async def test_a_line_of_the_logging_module_is_told_once(project: Project, setup: str) -> None:
    write(
        project,
        f"""
import logging
{setup}

@job_of
def logs():
    logging.getLogger("theirs").warning("once")
    logging.getLogger().error("from the root")
""",
    )
    async with project.served() as location:
        events, _ = await execute(location, "logs_job")
    assert messages(events) == ["once", "from the root"]


async def test_output_past_print_is_captured_too(project: Project) -> None:
    write(
        project,
        """
def noisy():
    subprocess.run(["sh", "-c", "echo from the shell; echo and its errors >&2"])
    os.write(1, b"from C\\n")
noisy_job = job_of(noisy)
""",
    )
    async with project.served() as location:
        events, _ = await execute(location, "noisy_job")
    assert sorted(map(str, messages(events))) == ["and its errors", "from C", "from the shell"]


async def test_a_flood_of_lines_arrives_whole_and_in_order_though_it_is_taken_slowly(project: Project) -> None:
    write(
        project,
        "def floods(context):\n    for i in range(20_000): context.log.info(str(i))\nfloods_job = job_of(floods)\n",
    )
    seen: list[str | None] = []
    async with project.served() as location, begun(location, "floods_job") as process:
        async for batch in process.events():
            assert len(batch) < 10_000
            seen += messages(batch)
            await asyncio.sleep(0.01)
        seen += messages((await process.exit()).last_events)
    assert seen == [str(number) for number in range(20_000)]


CLEANS_UP = """
def {name}(context):
    child = subprocess.Popen(["sleep", "1000"])
    try:
        (here / "pids").write_text(f"{{os.getpid()}} {{child.pid}}")
        {body}
    finally:
        print("cleaned up")
{name}_job = job_of({name})
"""
ASYNC_CLEANS_UP = CLEANS_UP.replace("def {name}", "async def {name}")


async def pids_of(folder: Path) -> list[int]:
    def read() -> list[int]:
        path = folder / "pids"
        return [int(word) for word in path.read_text().split()] if path.exists() else []

    return list(await until(read, "the processes"))


@pytest.mark.parametrize(
    ("template", "body"), [(CLEANS_UP, "time.sleep(1000)"), (ASYNC_CLEANS_UP, "await asyncio.sleep(1000)")]
)
async def test_term_lets_user_code_clean_up(project: Project, tmp_path: Path, template: str, body: str) -> None:
    write(project, template.format(name="waits", body=body))
    async with project.served() as location, begun(location, "waits_job") as process:
        pids = await pids_of(tmp_path)
        process.terminate()
        events, ended = await follow(process)
        await until(lambda: not any(map(is_running, pids)), "the end of the run's processes")
    assert "cleaned up" in messages(events)
    assert (ended.finished, ended.signal) == (False, signal.SIGTERM)


async def test_kill_ends_a_run_that_ignores_term_and_what_it_started(project: Project, tmp_path: Path) -> None:
    body = """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf")
        time.sleep(1000)
    """
    write(project, CLEANS_UP.format(name="deaf", body=body.strip()))
    async with project.served() as location, begun(location, "deaf_job") as process:
        pids = await pids_of(tmp_path)
        async for batch in process.events():
            if "deaf" in messages(batch):
                process.terminate()
                await asyncio.sleep(0.2)
                assert is_running(pids[0])
                process.kill()
        await until(lambda: not any(map(is_running, pids)), "the end of the run's processes")
    assert process.result is not None
    assert process.result.signal == signal.SIGKILL


async def test_leaving_the_context_ends_the_run(project: Project, tmp_path: Path) -> None:
    write(project, CLEANS_UP.format(name="waits", body="time.sleep(1000)"))
    async with project.served() as location:
        async with begun(location, "waits_job") as process:
            pids = await pids_of(tmp_path)
            assert pids[0] == process.pid
        await until(lambda: not any(map(is_running, pids)), "the end of the run's processes")


async def test_runs_outlive_a_reload_and_end_with_the_location(project: Project, tmp_path: Path) -> None:
    waits = "while not (here / 'go').exists(): time.sleep(0.01)"
    write(project, CLEANS_UP.format(name="waits", body=waits))
    async with project.served() as location:
        async with begun(location, "waits_job") as process:
            pids = await pids_of(tmp_path)
            await location.reload()
            await location.reload()
            (tmp_path / "go").touch()
            _, ended = await follow(process)
            assert ended.finished
            assert ended.error is None
        await until(lambda: not any(map(is_running, pids)), "the end of what the run started")
        (tmp_path / "go").unlink()
        (tmp_path / "pids").unlink()
        lasting = begun(location, "waits_job")
        process = await lasting.__aenter__()
        pids = await pids_of(tmp_path)
    await until(lambda: not any(map(is_running, pids)), "the end of the run's processes")
    await lasting.__aexit__(None, None, None)
    assert process.result is not None
    assert not process.result.finished


async def test_a_run_that_forks_leaves_the_stream_whole(project: Project) -> None:
    write(
        project,
        """
def forks(context):
    context.log.info("before")
    pid = os.fork()
    if pid == 0:
        context.log.info("in the child")
        os._exit(0)
    os.waitpid(pid, 0)
    context.log.info("after")
forks_job = job_of(forks)
""",
    )
    async with project.served() as location:
        events, ended = await execute(location, "forks_job")
    assert ended.finished
    assert set(messages(events)) == {"before", "in the child", "after"}
