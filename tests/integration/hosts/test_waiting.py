"""Sources that wait, in real processes: what they do while they wait harms no evaluation."""

import asyncio
from pathlib import Path

import pytest

from integration.hosts.projects import Project, evaluate, loaded
from vedette.errors import LocationUnloaded, WaitFailed
from vedette.hosts import waiter

PROJECT = """
from pathlib import Path

class News:
    def __init__(self, path, before=lambda: None):
        self.path = Path(path)
        self.before = before

    async def wait(self, cursor):
        self.before()
        while not self.path.exists() or self.path.read_text() == cursor:
            await asyncio.sleep(0.01)

def breaks():
    raise ConnectionError("nobody is there")

@sensor(watch=News({news!r}))
def reads():
    return SkipReason(f"in {{os.getpid()}}")

@sensor(watch=News({news!r}, breaks))
def broken(): ...

@sensor(watch=News({news!r}, lambda: time.sleep(60)))
def blocks(): ...

@sensor(watch=News({news!r}, lambda: os._exit(3)))
def ends(): ...

@sensor()
def plain(): ...
"""


def write(path: Path, text: str) -> None:
    path.write_text(text)


@pytest.fixture
def news(project: Project, tmp_path: Path) -> Path:
    path = tmp_path / "news.txt"
    project.write(PROJECT.format(news=str(path)))
    return path


async def test_a_wait_is_over_when_there_is_news_and_takes_no_place(project: Project, news: Path) -> None:
    async with project.served() as location:
        await loaded(location)
        assert location.catalog is not None
        assert [spec.name for spec in location.catalog.sensors if spec.waits] == ["reads", "broken", "blocks", "ends"]
        waits = [asyncio.create_task(location.wait("reads", None)) for _ in range(500)]
        # As many evaluations as there is room for would not fit beside 500 waits.
        evaluations = await asyncio.gather(*(evaluate(location, "reads") for _ in range(5)))
        assert all((one.skip_reason or "").startswith("in ") for one in evaluations)
        assert not any(wait.done() for wait in waits)
        write(news, "first")
        async with asyncio.timeout(30):
            await asyncio.gather(*waits)
        again = asyncio.create_task(location.wait("reads", "first"))
        await asyncio.sleep(0.1)
        assert not again.done()
        write(news, "second")
        async with asyncio.timeout(30):
            await again


async def test_a_wait_that_raises_says_what_and_one_that_is_none_says_so(project: Project, news: Path) -> None:
    async with project.served() as location:
        await loaded(location)
        with pytest.raises(WaitFailed, match="ConnectionError: nobody is there"):
            await location.wait("broken", None)
        with pytest.raises(WaitFailed, match='"plain" watches nothing'):
            await location.wait("plain", None)


async def test_a_process_that_is_held_up_or_ends_is_made_again(
    project: Project, news: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiter, "LOOK_SECONDS", 0.5)
    monkeypatch.setattr(waiter, "STALL_SECONDS", 2.0)
    async with project.served() as location:
        await loaded(location)
        for name in ("blocks", "ends"):
            innocent = asyncio.create_task(location.wait("reads", None))
            await asyncio.sleep(0)
            with pytest.raises(WaitFailed):
                await location.wait(name, None)
            # Evaluations do not notice; whoever waited there is told, and waits again.
            assert (await evaluate(location, "reads")).error is None
            with pytest.raises(WaitFailed):
                await innocent
        write(news, "news")
        async with asyncio.timeout(30):
            await location.wait("reads", None)


async def test_a_wait_given_up_or_outlived_by_its_code_is_over(project: Project, news: Path) -> None:
    async with project.served() as location:
        await loaded(location)
        given_up = asyncio.create_task(location.wait("reads", None))
        outlived = asyncio.create_task(location.wait("reads", None))
        await asyncio.sleep(0.1)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        await location.reload()
        with pytest.raises(WaitFailed, match="was closed"):
            await outlived
        write(project.path, "raise ValueError")
        await location.reload()
        with pytest.raises(LocationUnloaded):
            await location.wait("reads", None)
