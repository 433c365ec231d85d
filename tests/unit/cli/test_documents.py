import re
from pathlib import Path

import pytest
from graphql import parse, validate

from vedette.cli.catalog import job_documents
from vedette.cli.runs import run_documents, run_key_documents
from vedette.cli.sensors import sensor_documents, sensor_logs
from vedette.cli.ticks import tick_following, tick_showing, ticks
from vedette.graphql.schema import schema

MODULES = (
    sensor_documents,
    sensor_logs,
    ticks,
    tick_following,
    tick_showing,
    run_documents,
    run_key_documents,
    job_documents,
)
EXAMPLES = Path(__file__).parents[3] / "frontend" / "src" / "graphiql" / "examples.ts"


def documents() -> dict[str, str]:
    """Return everything that the command line asks, and what the GraphiQL page offers to ask."""
    found = {
        f"{module.__name__}.{name}": value
        for module in MODULES
        for name, value in vars(module).items()
        if isinstance(value, str) and re.search(r"^(query|mutation|subscription) ", value, re.MULTILINE)
    }
    examples = re.findall(r"const \w+ = `(.*?)`", EXAMPLES.read_text(encoding="utf-8"), re.DOTALL)
    return found | {f"example {number}": text for number, text in enumerate(examples)}


def test_the_documents_are_found() -> None:
    assert len(documents()) >= 20


@pytest.mark.parametrize("name", documents())
def test_a_document_is_right_by_the_schema(name: str) -> None:
    assert [error.message for error in validate(schema._schema, parse(documents()[name]))] == []
