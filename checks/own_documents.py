"""The list of what Vedette's own command line and client send, which a server always trusts.

`python -m checks.own_documents --write` writes it; without `--write` it tells whether it is that of the present code.
"""

import argparse
import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from types import ModuleType

from vedette import cli
from vedette.client.generated import documents
from vedette.graphql.documents.trusted_documents import OWN, document_id

_OPERATION = re.compile(r"^(query|mutation|subscription)\b.*\{", re.MULTILINE)


def own_documents() -> dict[str, str]:
    """Return every document that the command line and the client hold, by where it is from."""
    return {f"{module.__name__}.{name}": text for module in _modules() for name, text in _documents(module)}


def listed() -> str:
    """Return the list: the id and the place of each."""
    found = {document_id(text.strip()): place for place, text in sorted(own_documents().items(), reverse=True)}
    return "".join(f"{key} {place}\n" for key, place in sorted(found.items(), key=lambda each: each[1]))


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(cli.__path__, "vedette.cli."):
        # That one runs the command line.
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)
    yield documents


def _documents(module: ModuleType) -> Iterator[tuple[str, str]]:
    for name, value in vars(module).items():
        if isinstance(value, str) and not name.startswith("_") and _OPERATION.search(value):
            yield name, value


def main() -> int:
    """Write or check; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write it")
    if parser.parse_args().write:
        OWN.write_text(listed(), encoding="utf-8")
    elif not OWN.is_file() or OWN.read_text(encoding="utf-8") != listed():
        print(f"{OWN.name} is not what the command line and the client send now; renew it with `make client`.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
