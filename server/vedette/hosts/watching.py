"""Watching a project's files: it is loaded anew when one of them is saved."""

import asyncio
from pathlib import Path

from watchfiles import Change, awatch

from vedette.hosts.location import CodeLocation

# An editor writes a file in several steps, a checkout many files.
SETTLE_MILLISECONDS = 100
STEP_MILLISECONDS = 25
LOOK_MILLISECONDS = 1000
# The clock of modification times ticks more coarsely than ours.
CLOCK_GRAIN_SECONDS = 0.01


async def reload_on_change(location: CodeLocation) -> None:
    """Load `location` anew whenever one of its files changes, until cancelled."""
    while True:
        if not (folders := _folders(location)):
            await asyncio.sleep(LOOK_MILLISECONDS / 1000)
        elif await _changed(location, folders):
            await location.reload()


def _folders(location: CodeLocation) -> list[Path]:
    """Return the folders of the project's files, and that of its target, as far as they are there."""
    target = Path(location.target).absolute() if location.target.endswith(".py") else Path.cwd() / "module"
    folders = {file.parent for file in (*map(Path, location.files), target)}
    return sorted(folder for folder in folders if folder.is_dir())


async def _changed(location: CodeLocation, folders: list[Path]) -> bool:
    """Watch the folders of one load: True when a file has changed, False when it was loaded anew for other reasons."""
    generation = location.generation

    def matters(_: Change, path: str) -> bool:
        # After an error any Python file matters: one that was missing has no other name yet.
        return path.endswith(".py") and (location.error is not None or path in location.files)

    changes = awatch(
        *folders,
        watch_filter=matters,
        debounce=SETTLE_MILLISECONDS,
        step=STEP_MILLISECONDS,
        rust_timeout=LOOK_MILLISECONDS,
        yield_on_timeout=True,
        recursive=False,
    )
    async for change in changes:
        if location.generation != generation:
            return False
        # What was saved after the load began and before the watch did was no event.
        if change or _newer(location, folders):
            return True
    return False


def _newer(location: CodeLocation, folders: list[Path]) -> bool:
    files = [file for folder in folders for file in folder.glob("*.py")] if location.error else location.files
    since = location.loading_since - CLOCK_GRAIN_SECONDS
    return any(path.stat().st_mtime > since for path in map(Path, files) if path.is_file())
