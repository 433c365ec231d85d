"""A folder: its files, pushed by the watch that the evaluator keeps on it."""

import fnmatch
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vedette.sources.listing import DEFAULT_LIMIT, Listing
from vedette.sources.source import Changes


@dataclass(frozen=True)
class File:
    """A file as it was seen: `name` is its path within the folder; seconds are since the epoch."""

    path: Path
    name: str
    size_bytes: int
    modified_ns: int

    @property
    def key(self) -> str:
        """Return its name and version: what is written again is new."""
        return f"{self.name}@{self.modified_ns}-{self.size_bytes}"


class Folder(Listing[File]):
    """The files of a folder, by name. A file that is written again, or replaced by another, is new again.

    pattern: of the names, as in a shell; recursive: those in folders within it too, whose names then have a "/".
    settle_seconds: a file counts once it has not changed for so long, for writers that do not move files into place
        when they are whole; an evaluation waits for it that long, and leaves what is still written to the next one.
    limit: how many files one tick asks about.

    Files that vanish while they are looked at are left out; a folder that is not there fails the tick.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        pattern: str = "*",
        *,
        recursive: bool = False,
        settle_seconds: float = 0.0,
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        """Take a folder, relative to the evaluator's working directory."""
        super().__init__(limit)
        self._path = Path(path)
        self._pattern = pattern
        self._recursive = recursive
        self._settle_seconds = settle_seconds
        self.watch = (str(path),)

    def changes(self, cursor: str | None) -> Changes[File]:
        """Return the files that have not been seen as they are now."""
        files = list(self.entries())
        if self._settle_seconds and self.difference(files, cursor).items:
            time.sleep(self._settle_seconds)
            stable = {file.key for file in files}
            files = [file for file in self.entries() if file.key in stable]
        return self.difference(files, cursor)

    def entries(self) -> Iterator[File]:
        """Return the files that are there, by name."""
        for path, name in sorted(self._files(self._path, "")):
            try:
                found = path.stat()
            except OSError:
                continue
            yield File(path, name, found.st_size, found.st_mtime_ns)

    def _files(self, folder: Path, within: str) -> Iterator[tuple[Path, str]]:
        with os.scandir(folder) as entries:
            found = list(entries)
        for entry in found:
            name = f"{within}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if self._recursive:
                    yield from self._files(Path(entry.path), f"{name}/")
            elif entry.is_file() and fnmatch.fnmatch(entry.name, self._pattern):
                yield Path(entry.path), name
