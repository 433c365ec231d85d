"""Sources on a server: what is new is pushed to their sensors, and each item gets one run, through a kill."""

from pathlib import Path
from typing import Any

from e2e.servers import DevServer, wait_until

PROJECT = """
import asyncio
from dataclasses import dataclass
from pathlib import Path
from vedette import *
from vedette.sources import *

@op
def load():
    pass

@job
def loads():
    load()

NEVER = dict(job=loads, default_status=DefaultSensorStatus.RUNNING)

@source_sensor(Folder({inbox!r}), minimum_interval_seconds=3600, **NEVER)
def files(file: File):
    return RunRequest()

@dataclass(frozen=True)
class Line:
    key: str

class Lines(Source[Line]):
    path = Path({lines!r})

    def read(self):
        return self.path.read_text().split() if self.path.exists() else []

    async def changes(self, cursor):
        lines = self.read()
        return Changes([Line(line) for line in lines[int(cursor or 0):]], str(len(lines)))

    async def wait(self, cursor):
        while len(self.read()) == int(cursor or 0):
            await asyncio.sleep(0.01)

lines = build_sensor_for_source(Lines(), name="lines", minimum_interval_seconds=3600, **NEVER)
"""
RUNS = """
query($after: String) {
  runs(first: 100, after: $after) { edges { node { runKey sensor { name } } } pageInfo { hasNextPage endCursor } }
}
"""


def test_what_is_new_is_pushed_and_gets_one_run_through_a_kill(dev_server: DevServer, tmp_path: Path) -> None:
    inbox, lines = tmp_path / "inbox", tmp_path / "lines.txt"
    inbox.mkdir()
    dev_server.write(PROJECT.format(inbox=str(inbox), lines=str(lines)))
    dev_server.start()

    def keys(sensor: str) -> list[str]:
        runs: list[Any] = list(dev_server.pages(RUNS, "runs"))
        return sorted(run["runKey"].partition("@")[0] for run in runs if run["sensor"]["name"] == sensor)

    for number in range(3):
        (inbox / f"{number}.csv").write_text("x")
        with lines.open("a") as file:
            file.write(f"line-{number}\n")
        expected = [f"{each}.csv" for each in range(number + 1)]
        wait_until(lambda expected=expected: keys("files") == expected, f"runs of {expected}", 30)  # type: ignore[misc]  # a default, so that each has its own
        wait_until(lambda count=number + 1: len(keys("lines")) == count, "the runs of the lines", 30)  # type: ignore[misc]  # likewise
        if number == 1:
            dev_server.kill_tree()
            dev_server.start()
    assert keys("lines") == ["line-0", "line-1", "line-2"]
