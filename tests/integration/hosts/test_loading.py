"""Loading, failing to load, loading anew, and what stands in where forking is unsafe."""

import asyncio
import logging
import os
import signal
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest

from integration.hosts.projects import Project, evaluate, loaded, until, zygotes
from vedette.domain.runs import RunInstruction
from vedette.errors import LocationUnloaded
from vedette.hosts import location as hosts_location
from vedette.hosts.child.options import ChildOptions
from vedette.hosts.locations import CodeLocations
from vedette.hosts.zygote import Zygote
from vedette.settings import Settings

SAYS = """
@sensor()
def says():
    return SkipReason("{words}")
"""

FAILURES = {
    "an import that is not there": ("import no_such_module", "ModuleNotFoundError", "no_such_module"),
    "bad syntax": ("def (:", "SyntaxError", ""),
    "its own exception": ('raise ValueError("no table")', "ValueError", "no table"),
    "sys.exit": ("sys.exit(4)", "SystemExit", "4"),
    "os._exit": ("os._exit(3)", "ProcessDied", "exited with code 3 during the import"),
    "a segfault": ("ctypes.string_at(0)", "ProcessDied", "SIGSEGV"),
    "a hang": ("time.sleep(100)", "LoadTimeout", "longer than 0.7 s"),
    "nothing in it": ("x = 1", "DefinitionError", "no sensor"),
}


@pytest.mark.parametrize("case", FAILURES)
async def test_a_project_that_does_not_load_says_why(project: Project, case: str) -> None:
    body, kind, words = FAILURES[case]
    project.write(body)
    # A hang is told from a slow machine by the limit that each case gets.
    limit = 0.7 if case == "a hang" else 60.0
    async with project.served(load_timeout_seconds=limit) as location:
        assert location.catalog is None
        assert location.error is not None
        assert location.error.type == kind
        assert words in location.error.message
        with pytest.raises(LocationUnloaded, match=kind):
            await evaluate(location, "says")


async def test_the_log_tells_the_line_that_does_not_load(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    project.write("""
def early():
    return undefined_thing
early()
""")
    async with project.served():
        told = [record.getMessage() for record in caplog.records if "does not load" in record.getMessage()]
    assert len(told) == 1
    assert f'File "{project.path}", line 7, in early' in told[0]


async def test_a_project_that_imports_for_long_does_not_keep_the_others_waiting(
    project: Project, tmp_path: Path
) -> None:
    project.write(SAYS.format(words="at last"))
    slow, go = tmp_path / "slow.py", tmp_path / "go"
    slow.write_text(
        f"""
import time
from pathlib import Path
while not Path({str(go)!r}).exists():
    time.sleep(0.01)
"""
        + project.path.read_text()
    )
    targets = {"quick": str(project.path), "slow": str(slow)}
    async with CodeLocations(targets, Settings(), watch=False) as locations:
        assert locations["quick"].catalog is not None
        assert (locations["slow"].catalog, locations["slow"].error) == (None, None)
        with pytest.raises(LocationUnloaded, match="slow is not loaded"):
            await evaluate(locations["slow"], "says")
        with locations.listen() as listener:
            go.touch()
            async with asyncio.timeout(30):
                assert await listener.wait() == {"slow"}
        assert (await evaluate(locations["slow"], "says")).skip_reason == "at last"


async def test_a_project_that_never_ends_importing_is_ended_with_the_rest(project: Project) -> None:
    project.write("while True: pass")
    async with project.served(imported=False) as location:
        assert (location.catalog, location.error) == (None, None)
    assert not zygotes()


async def test_a_file_that_does_not_exist_is_an_error_and_comes_up_when_it_is_written(project: Project) -> None:
    async with project.served(watch=True) as location:
        assert location.error is not None
        assert "does not exist" in location.error.message
        project.write(SAYS.format(words="here"))
        await until(lambda: location.catalog, "the project")
        assert (await evaluate(location, "says")).skip_reason == "here"


async def test_a_broken_project_comes_up_by_itself_when_any_of_its_files_is_mended(
    project: Project, tmp_path: Path
) -> None:
    project.write("from helper import words\n" + SAYS.replace('"{words}"', "words"))
    async with project.served(watch=True) as location:
        assert location.error is not None
        (tmp_path / "helper.py").write_text("words = 'one'")
        await until(lambda: location.catalog, "the project")
        assert (await evaluate(location, "says")).skip_reason == "one"

        # Of the same length and within the same second: compiled files must not hide it.
        (tmp_path / "helper.py").write_text("words = 'two'")

        async def says_two() -> bool:
            return (await evaluate(location, "says")).skip_reason == "two"

        await until(says_two, "the second version")

        (tmp_path / "helper.py").write_text("words = ")
        await until(lambda: location.error, "the error")
        with pytest.raises(LocationUnloaded):
            await evaluate(location, "says")
        (tmp_path / "helper.py").write_text("words = 'two'")
        await until(says_two_if_loaded(location), "the mended version")


def says_two_if_loaded(location: Any) -> Any:
    async def says() -> bool:
        return location.catalog is not None and (await evaluate(location, "says")).skip_reason == "two"

    return says


async def test_files_that_are_not_the_projects_do_not_reload_it(project: Project, tmp_path: Path) -> None:
    project.write(SAYS.format(words="same"))
    os.utime(project.path, (0, 0))
    async with project.served(watch=True) as location:
        (tmp_path / "data.csv").write_text("1")
        (tmp_path / "other.py").write_text("1")
        await asyncio.sleep(1.5)
        assert location.generation == 1


async def test_open_evaluations_end_in_the_old_code_or_are_evaluated_in_the_new(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(words: str) -> None:
        """Have the sensor say so once there is a file of that name."""
        project.write(f"""
@sensor()
def slow():
    open({str(tmp_path)!r} + "/begun_{words}", "w").close()
    while not os.path.exists({str(tmp_path)!r} + "/{words}"):
        time.sleep(0.01)
    return SkipReason("{words}")
""")

    async def begun(words: str) -> None:
        await until((tmp_path / f"begun_{words}").exists, "the beginning")

    write("old")
    async with project.served() as location:
        first = asyncio.create_task(evaluate(location, "slow", timeout=200))
        await begun("old")
        write("never")
        monkeypatch.setattr(hosts_location, "DRAIN_SECONDS", 60.0)
        await location.reload()
        (tmp_path / "old").touch()
        assert (await first).skip_reason == "old"
        second = asyncio.create_task(evaluate(location, "slow", timeout=200))
        await begun("never")
        write("new")
        (tmp_path / "new").touch()
        monkeypatch.setattr(hosts_location, "DRAIN_SECONDS", 0.1)
        await location.reload()
        assert (await second).skip_reason == "new"


MEETS = """
open(here + "/came", "w").close()
while not os.path.exists(there + "/came"):
    time.sleep(0.01)
"""


async def test_all_locations_load_side_by_side_and_each_load_is_told(tmp_path: Path) -> None:
    targets, others = {}, {"one": "two", "two": "one"}
    for name in ("one", "two"):
        project = Project(tmp_path / name)
        project.path.parent.mkdir()
        project.write(
            f"here, there = {str(tmp_path / name)!r}, {str(tmp_path / others[name])!r}"
            + MEETS
            + SAYS.format(words=name)
        )
        targets[name] = str(project.path)
    async with CodeLocations(targets, Settings(), watch=False) as locations:
        assert locations.names == ("one", "two")
        for name in locations.names:
            await loaded(locations[name])
        with locations.listen() as listener:
            await locations["two"].reload()
            assert await listener.wait() == {"two"}
        assert (await evaluate(locations["one"], "says")).skip_reason == "one"
        assert (await evaluate(locations["two"], "says")).skip_reason == "two"


async def test_a_zygote_that_is_killed_is_replaced_and_nobody_is_blamed(project: Project) -> None:
    project.write("@sensor()\ndef slow():\n    time.sleep(0.5)\n")
    async with project.served() as location:
        open_ = [asyncio.create_task(evaluate(location, "slow")) for _ in range(5)]
        await asyncio.sleep(0.2)
        (zygote,) = zygotes()
        zygote.kill()
        assert [one.error for one in await asyncio.gather(*open_)] == [None] * 5
        assert location.generation == 2


RUNS = """
@op
def work(context):
    context.log.info("in a run")

@job
def works():
    work()

@sensor()
def thread():
    return SkipReason(threading.current_thread().name + " of " + " ".join(sys.orig_argv))
"""


async def test_a_project_with_threads_of_its_own_is_spawned_instead_of_forked(project: Project) -> None:
    project.write("threading.Thread(target=time.sleep, args=[1000], daemon=True).start()\n" + RUNS)
    async with project.served() as location:
        thread, _, command = str((await evaluate(location, "thread")).skip_reason).partition(" of ")
        assert thread == "sensor"
        assert "vedette.hosts.child.spawned" in command
        async with location.run_process(RunInstruction(uuid4(), "works")) as process:
            assert await process.ready() == ("work",)
            await process.begin()
            events = [event async for batch in process.events() for event in batch]
            events += (await process.exit()).last_events
            assert (await process.exit()).error is None
        assert "in a run" in [event.message for event in events]
        async with location.run_process(RunInstruction(uuid4(), "works")) as process:
            await process.ready()
            process.kill()
            assert (await process.exit()).signal == signal.SIGKILL
    await until(lambda: not zygotes(), "the end of all processes")


async def test_what_a_project_prints_while_it_is_imported_is_logged(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    project.write('print("hello")\nos.write(2, b"from C")\n' + SAYS.format(words="x"))
    with caplog.at_level(logging.INFO):
        async with project.served():
            pass
    said = [record.getMessage() for record in caplog.records if record.name == "vedette.project.project"]
    assert said == ["hello", "from C"]


async def test_a_flood_of_output_at_import_blocks_nobody(project: Project) -> None:
    project.write('print("x" * 1000 + "\\n" * 20 * 1000)\n' * 5 + SAYS.format(words="x"))
    async with project.served() as location:
        assert location.error is None


async def test_the_environment_is_passed_on(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "secret")
    project.write(
        """
        @sensor()
        def says():
            return SkipReason(os.environ["MY_TOKEN"] + os.environ["VEDETTE_CHILD"] + str(os.getcwd() == sys.argv[-1]))
        """.replace(" + str(os.getcwd() == sys.argv[-1])", "")
    )
    async with project.served() as location:
        assert (await evaluate(location, "says")).skip_reason == "secret1"
    assert "VEDETTE_CHILD" not in os.environ


async def test_who_gives_up_a_start_at_any_step_leaves_no_process(project: Project) -> None:
    project.write(SAYS.format(words="here"))
    options = ChildOptions(-1, -1, str(project.path), 0, 1, bytecode=True)
    for steps in range(40):
        starting = asyncio.create_task(Zygote.start("project", options))
        for _ in range(steps):
            await asyncio.sleep(0)
        starting.cancel()
        await asyncio.wait([starting])
        if not starting.cancelled():
            await starting.result().close()
            break
        assert not zygotes(), f"given up after {steps} steps"
    else:
        pytest.fail("the start has more steps than were tried")


async def test_who_gives_up_an_end_at_any_step_leaves_no_process(project: Project) -> None:
    project.write(SAYS.format(words="here"))
    options = ChildOptions(-1, -1, str(project.path), 0, 1, bytecode=True)
    for steps in range(5):
        zygote = await Zygote.start("project", options)
        await zygote.loaded(60)
        [process] = zygotes()
        ending = asyncio.create_task(zygote.close())
        for _ in range(steps):
            await asyncio.sleep(0)
        ending.cancel()
        await asyncio.wait([ending])
        if steps == 0:
            # It was not even begun.
            await zygote.close()
        # Nor one that nobody has waited for.
        assert not psutil.pid_exists(process.pid), f"given up after {steps} steps"
