"""User code in real processes asks the instance: what it is told, and what its questions are to nobody else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from integration.hosts.projects import Project, evaluate, loaded
from vedette.bus import Bus, topics
from vedette.domain.assets import AssetEvent, AssetEventKind
from vedette.domain.events import RunEvent
from vedette.domain.ids import new_id
from vedette.domain.runs import RunInstruction
from vedette.errors import DatabaseUnreachable
from vedette.hosts import answers as answering
from vedette.hosts.answers import Answers
from vedette.hosts.locations import CodeLocation, CodeLocations
from vedette.settings import Settings
from vedette.storage import questions
from vedette.storage.assets import asset_events
from vedette.storage.assets.asset_events import ToldEvent
from vedette.storage.catalog import dynamic_partitions
from vedette.storage.database import Database


@asynccontextmanager
async def served(project: Project, answers: Answers | None, home: Path) -> AsyncIterator[CodeLocation]:
    async with CodeLocations({"project": str(project.path)}, Settings(home=home), False, answers) as locations:
        yield await loaded(locations["project"])


@pytest.fixture
async def answers(database: Database, bus: Bus) -> AsyncIterator[Answers]:
    async with Answers(database, bus) as answers:
        yield answers


async def keys(database: Database, name: str) -> list[str]:
    async with database.reading() as connection:
        return (await dynamic_partitions.keys_of(connection, [name]))[name]


async def materialize(database: Database, key: str) -> None:
    event = AssetEvent(AssetEventKind.MATERIALIZATION, (key,))
    async with database.writing() as connection:
        await asset_events.append(connection, [ToldEvent(new_id(), 0, event)])


async def execute(location: CodeLocation, job_name: str) -> tuple[list[RunEvent], Any]:
    async with location.run_process(RunInstruction(uuid4(), job_name)) as process:
        await process.ready()
        await process.begin()
        events = [event async for batch in process.events() for event in batch]
        exit_ = await process.exit()
        return [*events, *exit_.last_events], exit_


async def test_a_sensor_asks_and_tells(
    project: Project, database: Database, bus: Bus, answers: Answers, tmp_path: Path
) -> None:
    project.write(
        """
        @sensor()
        def asks(context):
            known = context.instance.get_latest_materialization_event(AssetKey("orders"))
            context.instance.add_dynamic_partitions("customers", ["a", "b"])
            context.instance.report_runless_asset_event(AssetMaterialization("told"))
            return SkipReason(f"{known.storage_id} {context.instance.get_dynamic_partitions('customers')}")
        """
    )
    await materialize(database, "orders")
    async with served(project, answers, tmp_path) as location:
        with bus.listen(topics.ASSETS) as listener:
            evaluation = await evaluate(location, "asks")
            assert evaluation.skip_reason == "1 ['a', 'b']"
            assert await listener.wait(20) == {topics.ASSETS}
    assert await keys(database, "customers") == ["a", "b"]


async def test_threads_of_many_evaluations_ask_at_once(
    project: Project, database: Database, answers: Answers, tmp_path: Path
) -> None:
    project.write(
        """
        from concurrent.futures import ThreadPoolExecutor

        def busy(name):
            @sensor(name=name)
            def asks(context):
                add = lambda number: context.instance.add_dynamic_partitions(name, [f"{number}"])
                with ThreadPoolExecutor(10) as threads:
                    list(threads.map(add, range(20)))
                return SkipReason(f"{len(context.instance.get_dynamic_partitions(name))}")
            return asks

        defs = Definitions(sensors=[busy(f"s{number}") for number in range(5)])
        """
    )
    async with served(project, answers, tmp_path) as location:
        found = await asyncio.gather(*(evaluate(location, f"s{number}") for number in range(5)))
    assert [one.skip_reason for one in found] == ["20"] * 5


async def test_a_coroutine_asks_in_a_thread_and_is_told_so(
    project: Project, database: Database, answers: Answers, tmp_path: Path
) -> None:
    project.write(
        """
        @sensor()
        async def blocks(context):
            context.instance.get_runs()

        @sensor()
        async def asks(context):
            return SkipReason(str(await asyncio.to_thread(context.instance.get_runs)))
        """
    )
    async with served(project, answers, tmp_path) as location:
        refused = await evaluate(location, "blocks")
        assert refused.error is not None
        assert refused.error.type == "InvocationError"
        assert "asyncio.to_thread" in refused.error.message
        assert (await evaluate(location, "asks")).skip_reason == "[]"


async def test_an_op_asks_from_its_threads_and_its_loop(
    project: Project, database: Database, answers: Answers, tmp_path: Path
) -> None:
    project.write(
        """
        from concurrent.futures import ThreadPoolExecutor

        @op
        def adds(context):
            with ThreadPoolExecutor(10) as threads:
                list(threads.map(lambda n: context.instance.add_dynamic_partitions("by_op", [str(n)]), range(30)))

        @op(ins={"after": In(Nothing)})
        async def counts(context):
            context.log.info("%s keys", len(context.instance.get_dynamic_partitions("by_op")))

        @success_hook
        def looks(context):
            context.log.info("%s by the hook", len(context.instance.get_dynamic_partitions("by_op")))

        @job(hooks={looks})
        def works():
            counts(adds())
        """
    )
    async with served(project, answers, tmp_path) as location:
        events, exit_ = await execute(location, "works")
    assert exit_.error is None
    said = [event.message for event in events]
    assert "30 keys" in said
    assert "30 by the hook" in said


async def test_what_cannot_be_answered_is_an_error_of_who_asks(
    project: Project, database: Database, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(
        """
        @sensor()
        def asks(context):
            try:
                context.instance.get_runs()
            except InstanceUnavailable as error:
                return SkipReason(f"{type(error).__name__}: {error}")
        """
    )

    async def away(*_: object) -> Any:
        raise DatabaseUnreachable("the database is away")

    async def hangs(*_: object) -> Any:
        await asyncio.sleep(60)

    async def breaks(*_: object) -> Any:
        raise RuntimeError("secret")

    async with served(project, answers, tmp_path) as location:
        for broken, words in ((away, "the database is away"), (hangs, "within 0 s"), (breaks, "RuntimeError")):
            with monkeypatch.context() as patch:
                patch.setattr(questions, "answer", broken)
                patch.setattr(answering, "SECONDS", 0.2)
                reason = (await evaluate(location, "asks")).skip_reason or ""
                assert reason.startswith("InstanceUnavailable")
                assert words in reason
                assert "secret" not in reason
        assert (await evaluate(location, "asks")).skip_reason != ""
    async with served(project, None, tmp_path) as location:
        assert "no database" in str((await evaluate(location, "asks")).skip_reason)


async def test_an_answer_that_is_too_large_is_asked_for_in_parts(
    project: Project, database: Database, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(
        """
        @sensor()
        def asks(context):
            found = context.instance.fetch_materializations("orders", limit=20).records
            return SkipReason(str(len({one.storage_id for one in found})))
        """
    )
    for _ in range(20):
        await materialize(database, "orders")
    monkeypatch.setattr(answering, "MOST_BYTES", 400)
    async with served(project, answers, tmp_path) as location:
        assert (await evaluate(location, "asks")).skip_reason == "20"
        monkeypatch.setattr(answering, "MOST_BYTES", 10)
        assert "AnswerTooLarge" in str((await evaluate(location, "asks")).error)


async def test_a_thread_that_outlives_its_evaluation_is_refused(
    project: Project, database: Database, answers: Answers, tmp_path: Path
) -> None:
    project.write(
        """
        said = []

        @sensor()
        def leaves(context):
            def later():
                ended.wait(20)
                try:
                    context.instance.add_dynamic_partitions("late", ["x"])
                except InvocationError as error:
                    said.append(str(error))
            ended = threading.Event()
            threading.Thread(target=later).start()
            globals()["ended"] = ended

        @sensor()
        def looks(context):
            ended.set()
            while not said:
                time.sleep(0.01)
            return SkipReason(said[0])
        """
    )
    async with served(project, answers, tmp_path) as location:
        await evaluate(location, "leaves")
        assert "has ended" in str((await evaluate(location, "looks")).skip_reason)
    assert await keys(database, "late") == []
