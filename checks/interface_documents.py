"""What the web interface asks, as its sources hold it: operations there, and the fragments beside their components."""

import re
from pathlib import Path

from graphql import parse, print_ast
from graphql.utilities import separate_operations

SOURCES = Path(__file__).parents[1] / "frontend" / "src"
_DOCUMENT = re.compile(r"\bgraphql\(`(.*?)`\)", re.DOTALL)


def interface_documents() -> dict[str, str]:
    """Return every operation by its name, each with the fragments that it spreads."""
    files = (file for pattern in ("*.ts", "*.tsx") for file in SOURCES.rglob(pattern) if "gql" not in file.parts)
    texts = [text for file in sorted(files) for text in _DOCUMENT.findall(file.read_text(encoding="utf-8"))]
    return {name: print_ast(document) for name, document in separate_operations(parse("\n".join(texts))).items()}
