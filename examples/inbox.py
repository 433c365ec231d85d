"""Watches the folder `inbox` beside this file and counts the words of every file that is put into it."""

import json
from pathlib import Path

from vedette import (
    Config,
    DefaultSensorStatus,
    Definitions,
    OpExecutionContext,
    RunConfig,
    RunRequest,
    SensorEvaluationContext,
    SkipReason,
    job,
    op,
    sensor,
)

INBOX = Path(__file__).parent / "inbox"
RESULTS = Path(__file__).parent / "processed.txt"

# A file's change time is taken a moment before its name shows in the folder: look that much further back.
OVERLAP_NS = 50_000_000


class FileConfig(Config):
    """Which file a run reads."""

    path: str


@op
def read_file(context: OpExecutionContext, config: FileConfig) -> str:
    """Read the file."""
    context.log.info("Reading %s", config.path)
    return Path(config.path).read_text(errors="replace")


@op
def count_words(text: str) -> int:
    """Count its words."""
    return len(text.split())


@op
def write_result(context: OpExecutionContext, config: FileConfig, words: int) -> None:
    """Append the count to processed.txt."""
    with RESULTS.open("a") as results:
        results.write(f"{Path(config.path).name}: {words} words\n")
    context.log.info("%s has %d words", Path(config.path).name, words)


@job(description="Counts the words of one file.")
def process_file() -> None:
    """Read, count, write."""
    write_result(words=count_words(read_file()))


@sensor(job=process_file, minimum_interval_seconds=1, default_status=DefaultSensorStatus.RUNNING)
def new_files(context: SensorEvaluationContext) -> list[RunRequest] | SkipReason:
    """Ask for one run for every new file; the cursor is the newest change time seen and the names just before it."""
    newest, recent = json.loads(context.cursor or "[0, []]")
    changed = {path.name: path.stat().st_ctime_ns for path in INBOX.iterdir() if not path.name.startswith(".")}
    fresh = [name for name, at in changed.items() if at > newest - OVERLAP_NS and name not in recent]
    if not fresh:
        return SkipReason(f"No new file in {INBOX.name}/")
    newest = max(changed.values())
    recent = [name for name, at in changed.items() if at > newest - OVERLAP_NS]
    context.update_cursor(json.dumps([newest, recent]))
    return [request_run(name) for name in fresh]


def request_run(name: str) -> RunRequest:
    """Ask for the run of one file; its name is the run key, so that it runs once."""
    config = FileConfig(path=str(INBOX / name))
    return RunRequest(run_key=name, run_config=RunConfig(ops={"read_file": config, "write_result": config}))


defs = Definitions(jobs=[process_file], sensors=[new_files])
