"""The pages of the manual, and the examples in them."""

import re
from pathlib import Path
from typing import NamedTuple

MANUAL = Path(__file__).parents[2] / "docs" / "manual"
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Page(NamedTuple):
    """One page: its Python blocks are one project, and the lines of its `sh` blocks are typed beside it."""

    path: Path
    text: str

    @property
    def languages(self) -> set[str]:
        """Return the languages of its fenced blocks."""
        return {found[1] for found in FENCED.finditer(self.text)}

    @property
    def project(self) -> str:
        """Return its Python, each line at the number that it has on the page: an error then tells where."""
        lines = [""] * self.text.count("\n")
        for found in FENCED.finditer(self.text):
            if found[1] == "python":
                first = self.text[: found.start(2)].count("\n")
                block = found[2].splitlines()
                lines[first : first + len(block)] = block
        return "\n".join(lines) + "\n"

    @property
    def commands(self) -> list[str]:
        """Return the lines of its `sh` blocks, without the one that starts the server."""
        lines = [line for found in FENCED.finditer(self.text) if found[1] == "sh" for line in found[2].splitlines()]
        return [line for line in lines if line and not line.startswith("vedette dev")]


PAGES = [Page(path, path.read_text(encoding="utf-8")) for path in sorted(MANUAL.glob("*.md"))]
NAMES = [page.path.stem for page in PAGES]
