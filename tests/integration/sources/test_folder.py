"""A folder as a source: what is new is asked about once, however it came there."""

import os
import threading
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from e2e.servers import wait_until
from integration.sources.looking import Looker
from vedette.sources import File, Folder
from vedette.sources.listing import Listing

KEYS = st.text("abc", min_size=1, max_size=2)


def names(keys: list[str | None]) -> list[str]:
    return [str(key).partition("@")[0] for key in keys]


def test_files_are_asked_about_once_by_name_and_again_when_they_are_written_again(tmp_path: Path) -> None:
    looker = Looker(Folder(tmp_path, "*.csv"))
    assert looker.sensor.watch == (str(tmp_path),)
    for name in ("b.csv", "a.csv", "notes.txt"):
        (tmp_path / name).write_text("x")
    (tmp_path / "folder.csv").mkdir()
    assert names(looker.tick()) == ["a.csv", "b.csv"]
    assert looker.tick() == []
    (tmp_path / "a.csv").write_text("longer")
    (tmp_path / "c.csv").write_text("x")
    assert names(looker.tick()) == ["a.csv", "c.csv"]
    assert len(set(looker.keys)) == 4


def test_a_file_that_is_older_than_what_was_seen_is_not_lost(tmp_path: Path) -> None:
    looker = Looker(Folder(tmp_path))
    (tmp_path / "new").write_text("x")
    looker.tick()
    (tmp_path / "old").write_text("x")
    os.utime(tmp_path / "old", (1, 1))
    assert names(looker.tick()) == ["old"]


def test_more_files_than_the_limit_come_in_turns(tmp_path: Path) -> None:
    for number in range(7):
        (tmp_path / str(number)).write_text("x")
    looker = Looker(Folder(tmp_path, limit=3))
    assert [len(looker.tick()) for _ in range(4)] == [3, 3, 1, 0]
    assert sorted(names(looker.keys)) == [str(number) for number in range(7)]


def test_a_folder_in_the_folder_counts_where_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "deep" / "deeper" / "file").write_text("x")
    assert Looker(Folder(tmp_path)).tick() == []
    assert names(Looker(Folder(tmp_path, recursive=True)).tick()) == ["deep/deeper/file"]


def test_a_folder_that_is_not_there_fails_the_tick(tmp_path: Path) -> None:
    assert "nowhere" in Looker(Folder(tmp_path / "nowhere")).fails()


def test_a_file_counts_once_it_has_settled(tmp_path: Path) -> None:
    folder = Folder(tmp_path, settle_seconds=0.5)
    looker = Looker(folder)
    stop = threading.Event()
    path = tmp_path / "growing"

    def write() -> None:
        while not stop.wait(0.01):
            with path.open("a") as file:
                file.write("x")

    (tmp_path / "whole").write_text("x")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_until(path.exists, "the file to grow")
        assert names([item.key for item in folder.changes(None).items]) == ["whole"]
    finally:
        stop.set()
        writer.join()
    assert names(looker.tick()) == ["growing", "whole"]


class _Lists(Listing[File]):
    """A list that the test makes."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.there: list[str] = []

    def entries(self) -> list[File]:
        return [File(Path(key), key, 0, 0) for key in self.there]


@settings(max_examples=200)
@given(st.lists(st.lists(KEYS, unique=True, max_size=6), max_size=8), st.integers(1, 4))
def test_whatever_comes_and_goes_each_item_that_stays_is_told_once(lists: list[list[str]], limit: int) -> None:
    source = _Lists(limit)
    seen: set[str] = set()
    cursor: str | None = None
    for there in [*lists, *([lists[-1]] * 6 if lists else [])]:
        source.there = there
        changes = source.changes(cursor)
        told = [item.name for item in changes.items]
        unseen = [key for key in there if key not in seen]
        assert told == unseen[:limit]
        # What is gone is forgotten: it is new if it comes again.
        seen = (seen | set(told)) & set(there)
        cursor = changes.cursor
    assert not lists or seen == set(lists[-1])
