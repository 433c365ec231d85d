"""Databases for scratch instances: copies of one template, made ahead, each given out once, gone with their process."""

import asyncio
import subprocess
import sys

import pytest

from vedette.errors import DatabaseUnreachable
from vedette.storage.connecting import connect
from vedette.storage.embedded import scratch
from vedette.storage.migrations.migrating import check


async def names(url: str, prefix: str) -> list[str]:
    connection = await connect(url)
    try:
        rows = await connection.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", prefix)
    finally:
        await connection.close()
    return sorted(row["datname"] for row in rows)


def dead_pid() -> int:
    command = [sys.executable, "-c", "import os; print(os.getpid())"]
    return int(subprocess.run(command, capture_output=True, check=True).stdout)


async def test_one_is_made_ahead_and_given_out_once(postgres_url: str) -> None:
    template, again = await asyncio.gather(*(scratch.make_template(postgres_url) for _ in range(2)))
    assert template == again
    await scratch.make_ahead(postgres_url, template)
    await scratch.make_ahead(postgres_url, template)
    spares = await names(postgres_url, "spare_")
    assert len(spares) == 1
    made = await asyncio.gather(*(scratch.take(postgres_url, template) for _ in range(3)))
    try:
        assert len(set(made)) == 3
        assert await names(postgres_url, "spare_") == []
        for name in made:
            await check(scratch.named(postgres_url, name))
    finally:
        for name in made:
            await scratch.drop(postgres_url, name)


async def test_what_a_process_that_died_has_left_is_dropped(postgres_url: str) -> None:
    left = f"instance_{dead_pid()}_left"
    connection = await connect(postgres_url)
    await connection.execute(f"CREATE DATABASE {left}")
    await connection.close()
    mine = await scratch.take(postgres_url, await scratch.make_template(postgres_url))
    await scratch.make_template(postgres_url)
    try:
        assert await names(postgres_url, "instance_") == [mine]
    finally:
        await scratch.drop(postgres_url, mine)


def test_a_folder_of_somebody_else_is_not_used(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    folder = scratch.home()
    assert scratch.home() == folder
    old = folder.with_name(folder.name.rpartition("-")[0] + "-before")
    old.mkdir()
    scratch.home()
    assert not old.exists()
    folder.rmdir()
    folder.symlink_to(folder.parent)
    with pytest.raises(DatabaseUnreachable, match="TMPDIR"):
        scratch.home()
