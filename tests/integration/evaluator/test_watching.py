"""Sensors that watch folders: a change makes them due at once; what cannot be watched is seen at the interval."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from watchfiles._rust_notify import RustNotify

from integration.evaluator.stage import NOTHING_NEW, FakeLocation, Stage, evaluating, settings, until
from vedette.bus import Bus
from vedette.domain.catalog import SensorSpec
from vedette.domain.logs import ErrorInfo
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.evaluator import watching
from vedette.storage.database import Database


def watcher(*paths: Path | str, name: str = "files", interval: float = 3600.0) -> SensorSpec:
    return SensorSpec(name, watch=tuple(map(str, paths)), minimum_interval_seconds=interval)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def calls(location: FakeLocation, more_than: int, name: str = "files") -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        return len(location.calls[name]) > more_than

    return ask


async def settled(location: FakeLocation, name: str = "files") -> int:
    """Wait until nothing has been evaluated for a while; return how often it was so far."""
    while True:
        seen = len(location.calls[name])
        await asyncio.sleep(1.2)
        if seen and seen == len(location.calls[name]):
            return seen


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage(database)


@pytest.mark.parametrize("place", ["a", "deep/er/a"])
async def test_a_change_makes_the_sensor_due_at_once(
    stage: Stage, database: Database, bus: Bus, tmp_path: Path, place: str
) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)
    location = stage.location(watcher(tmp_path))

    async def tells(_: EvaluationInstruction) -> Evaluation:
        return Evaluation(skip_reason=f"Nothing new, {len(location.calls['files'])}.")

    location.code["files"] = tells
    [sensor_id] = await stage.add(watcher(tmp_path))
    async with evaluating(database, bus, location):
        before = await settled(location)
        file.touch()
        await until(calls(location, before))

        async def recorded() -> bool:
            return [tick["cause"] for tick in await stage.ticks(sensor_id)][-1:] == ["EVENT"]

        await until(recorded)
        seen = await settled(location)
        file.write_text("more")
        await until(calls(location, seen))


async def test_a_change_during_an_evaluation_makes_it_due_again_after_it(
    stage: Stage, database: Database, bus: Bus, tmp_path: Path
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    seen: list[list[str]] = []

    async def slow(_: EvaluationInstruction) -> Evaluation:
        seen.append(names_in(tmp_path))
        begun.set()
        await go_on.wait()
        return NOTHING_NEW

    location = stage.location(watcher(tmp_path))
    location.code["files"] = slow
    await stage.add(watcher(tmp_path))
    async with evaluating(database, bus, location):
        await begun.wait()
        (tmp_path / "late").touch()
        await asyncio.sleep(1.0)
        assert seen == [[]]
        go_on.set()
        await until(calls(location, 1))
        assert seen[1] == ["late"]
        assert location.at_once == 1


async def test_a_folder_that_comes_goes_and_comes_again(
    stage: Stage, database: Database, bus: Bus, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "inbox"
    location = stage.location(watcher(folder))
    await stage.add(watcher(folder))
    async with evaluating(database, bus, location):
        before = await settled(location)
        assert f"{folder} is to be watched for files, but it is not there" in caplog.text
        folder.mkdir()
        await until(calls(location, before))
        before = await settled(location)
        (folder / "a").touch()
        await until(calls(location, before))
        (folder / "a").unlink()
        folder.rmdir()
        folder.mkdir()
        (folder / "b").touch()
        before = await settled(location)
        (folder / "c").touch()
        await until(calls(location, before))


async def test_a_file_that_is_replaced_is_watched_on(
    stage: Stage, database: Database, bus: Bus, tmp_path: Path
) -> None:
    file, other = tmp_path / "file", tmp_path / "other"
    file.touch()
    location = stage.location(watcher(file))
    await stage.add(watcher(file))
    async with evaluating(database, bus, location):
        for _ in range(2):
            before = await settled(location)
            other.write_text("new")
            other.replace(file)
            await until(calls(location, before))
        before = await settled(location)
        other.touch()
        assert await settled(location) == before


async def test_what_the_system_refuses_to_watch_is_told_and_left_to_the_interval(
    stage: Stage,
    database: Database,
    bus: Bus,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.mkdir()
    bad.mkdir()

    def limited(paths: list[str], *options: object) -> RustNotify:
        if str(bad) in paths:
            raise OSError("OS file watch limit reached.")
        return RustNotify(paths, *options)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(watching, "RustNotify", limited)
    specs = watcher(good), watcher(bad, name="refused", interval=0.3)
    location = stage.location(*specs)
    await stage.add(*specs)
    async with evaluating(database, bus, location):
        before = await settled(location)
        (good / "a").touch()
        await until(calls(location, before))
        await until(calls(location, 3, "refused"))
    assert f"{bad} is to be watched for refused, but the system refuses (OS file watch limit reached.)" in caplog.text
    assert str(good) not in caplog.text


async def test_a_folder_that_must_not_be_read_is_told(
    stage: Stage,
    database: Database,
    bus: Bus,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # By the one call that asks: root, whom tests may run as, may read everything.
    monkeypatch.setattr(os, "access", lambda *_: False)
    location = stage.location(watcher(tmp_path))
    await stage.add(watcher(tmp_path))
    async with evaluating(database, bus, location):
        before = await settled(location)
        assert "permission denied" in caplog.text
        monkeypatch.undo()
        await until(calls(location, before))


async def test_a_failing_sensor_waits_for_its_next_try(
    stage: Stage, database: Database, bus: Bus, tmp_path: Path
) -> None:
    async def fails(_: EvaluationInstruction) -> Evaluation:
        return Evaluation(error=ErrorInfo("ValueError", "no"))

    specs = watcher(tmp_path), watcher(tmp_path, name="failing")
    location = stage.location(*specs)
    location.code["failing"] = fails
    await stage.add(*specs)
    async with evaluating(database, bus, location):
        before = await settled(location)
        failed = len(location.calls["failing"])
        for number in range(3):
            (tmp_path / str(number)).touch()
            await until(calls(location, before))
            before = await settled(location)
        assert len(location.calls["failing"]) == failed


async def test_only_the_evaluator_that_holds_the_shard_evaluates(
    stage: Stage, database: Database, bus: Bus, tmp_path: Path
) -> None:
    specs = [watcher(tmp_path, name=f"files_{number}") for number in range(6)]
    ids = await stage.add(*specs)
    one, two = stage.location(*specs), stage.location(*specs)
    quick = settings()
    async with evaluating(database, bus, one, quick), evaluating(database, bus, two, quick):

        async def shared() -> bool:
            holders = await stage.rows("SELECT DISTINCT holder FROM leases WHERE holder IS NOT NULL")
            return len(holders) == 2

        await until(shared)
        await asyncio.sleep(2.0)
        numbers = {sensor_id: (await stage.sensor(sensor_id))["tick_count"] for sensor_id in ids}
        before = {spec.name: len(one.calls[spec.name]) + len(two.calls[spec.name]) for spec in specs}
        (tmp_path / "a").touch()
        for spec in specs:

            async def evaluated(name: str = spec.name) -> bool:
                return len(one.calls[name]) + len(two.calls[name]) > before[name]

            await until(evaluated)
        await asyncio.sleep(1.0)
        assert {spec.name: len(one.calls[spec.name]) + len(two.calls[spec.name]) for spec in specs} == {
            name: count + 1 for name, count in before.items()
        }
    assert numbers
