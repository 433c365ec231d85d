"""What a sensor may watch: paths, what can be waited for, and sources, which say by themselves which they are."""

from pathlib import Path
from typing import Any

import pytest

from vedette import DefinitionError, SensorDefinition, sensor
from vedette.sources import Changes, Folder, HttpAddress, Source, source_sensor


class Waiting:
    async def wait(self, cursor: str | None) -> None: ...


class Blocking:
    def wait(self, cursor: str | None) -> None: ...


class Both(Source[Any]):
    watch = ("there",)

    def changes(self, cursor: str | None) -> Changes[Any]:
        return Changes([], cursor)

    async def wait(self, cursor: str | None) -> None: ...


def watching(watch: Any) -> SensorDefinition:
    return sensor(name="watches", watch=watch)(lambda: None)


@pytest.mark.parametrize(
    ("watch", "paths", "waits"),
    [
        (None, (), False),
        ("inbox", ("inbox",), False),
        (Path("inbox"), ("inbox",), False),
        (["a", Path("b"), "a"], ("a", "b"), False),
        (Waiting(), (), True),
        (["a", Waiting()], ("a",), True),
        (Folder("inbox"), ("inbox",), False),
        (["a", Folder("inbox")], ("a", "inbox"), False),
        (Both(), ("there",), True),
    ],
)
def test_what_is_watched(watch: Any, paths: tuple[str, ...], waits: bool) -> None:
    spec = watching(watch).spec()
    assert (spec.watch, spec.waits) == (paths, waits)


@pytest.mark.parametrize(
    ("watch", "words"),
    [
        (3, "it is a folder, a file, something with"),
        ([3], "3 is no path"),
        ([""], "is no path"),
        (Blocking(), "it is a folder, a file, something with"),
        ([Waiting(), Waiting()], "several things to wait for"),
        (HttpAddress("https://example.com"), "it is a folder, a file, something with"),
    ],
)
def test_what_cannot_be(watch: Any, words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        watching(watch)


def test_a_source_is_watched_as_far_as_it_can_tell() -> None:
    for source, paths, waits in ((Folder("inbox"), ("inbox",), False), (Both(), ("there",), True)):
        made = source_sensor(source, name="made")(lambda item: None).spec()
        assert (made.watch, made.waits) == (paths, waits)
    polled = source_sensor(HttpAddress("https://example.com"), name="polled")(lambda item: None).spec()
    assert (polled.watch, polled.waits, polled.minimum_interval_seconds) == ((), False, 30.0)
