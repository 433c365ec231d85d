"""Documents that the clients of released versions send, and that the schema must answer for as long as they are kept.

`python -m checks.released_documents --keep 1.2.0` writes what the interface, the command line and `vedette.client` of
the present code send to `released/1.2.0.graphql`, when that version is released. Without `--keep` it validates these,
and those of every version that is kept, against `schema.graphql`. To support a version no longer is to delete its file.
"""

import argparse
import re
import sys
from pathlib import Path

from graphql import GraphQLError, GraphQLSchema, build_schema, parse, validate

from checks.interface_documents import interface_documents
from checks.own_documents import own_documents
from checks.schema_changes import ROOT, SCHEMA

RELEASED = "released"
NOW = "now"
# Before each document of a file stands where it is from.
_PLACE = re.compile(r"^#: (.+)\n", re.MULTILINE)


def sent() -> dict[str, str]:
    """Return what the clients of the present code send, by where it is from."""
    return own_documents() | {f"interface.{name}": text for name, text in interface_documents().items()}


def keep(folder: Path, version: str) -> Path:
    """Write what is sent now as what clients of a version send; return the file."""
    file = folder / RELEASED / f"{version}.graphql"
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(f"#: {place}\n{text.strip()}\n\n" for place, text in sorted(sent().items())), "utf-8")
    return file


def kept(folder: Path) -> dict[str, dict[str, str]]:
    """Return the documents of each version that is kept, by where they are from."""
    texts = {file.stem: file.read_text(encoding="utf-8") for file in sorted((folder / RELEASED).glob("*.graphql"))}
    parts = {version: _PLACE.split(text)[1:] for version, text in texts.items()}
    return {version: dict(zip(each[::2], each[1::2], strict=True)) for version, each in parts.items()}


def flaws(folder: Path, documents: dict[str, dict[str, str]]) -> list[str]:
    """Return what the schema does not answer any more, a sentence each."""
    schema = build_schema((folder / SCHEMA).read_text(encoding="utf-8"))
    return [
        f"{version} {place}: {error}"
        for version, each in documents.items()
        for place, text in each.items()
        for error in _wrong(schema, text)
    ]


def _wrong(schema: GraphQLSchema, text: str) -> list[str]:
    try:
        return [error.message for error in validate(schema, parse(text))]
    except GraphQLError as error:
        return [error.message]


def main(folder: Path = ROOT, arguments: list[str] | None = None) -> int:
    """Keep or check; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", metavar="VERSION", help="write what is sent now as that of a version")
    version = parser.parse_args(arguments).keep
    if version is not None:
        print(f"Wrote {keep(folder, version).relative_to(folder)}: `make check` holds the schema to it from here on.")
        return 0
    found = flaws(folder, kept(folder) | {NOW: sent()})
    for flaw in found:
        print(flaw)
    if found:
        print("A client that was released would break: keep what it asks for, deprecated.")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
