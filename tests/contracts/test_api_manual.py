"""Every example of docs/api.md, as a reader would run it."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from graphql import OperationDefinitionNode, OperationType, parse

import seeds
from contracts import node
from graphql_documents import World, seeded
from serving import Api
from vedette.bus import Bus
from vedette.graphql import ids
from vedette.storage.database import Database

MANUAL = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
ADDRESS = "127.0.0.1:4400"
SECONDS = 60.0


class Example(NamedTuple):
    """A fenced block: its language, what else its fence says, and its text."""

    language: str
    note: str
    text: str


EXAMPLES = [
    Example(*found) for found in re.findall(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL)
]
DOCUMENTS = [example for example in EXAMPLES if example.language == "graphql"]


@pytest.fixture
async def world(database: Database, bus: Bus) -> AsyncIterator[World]:
    async with seeded(database, bus) as world:
        for number in range(1, 4):
            await seeds.tick(database, ids.decode_uuid("Sensor", world.sensor), number)
        yield world


def test_every_example_is_of_a_kind_that_is_run() -> None:
    assert {example.language for example in EXAMPLES} == {"graphql", "sh", "js", "python"}


@pytest.mark.parametrize("number", range(len(DOCUMENTS)))
async def test_a_document_does_what_the_manual_says(api: Api, world: World, number: int) -> None:
    example = DOCUMENTS[number]
    [operation] = [part for part in parse(example.text).definitions if isinstance(part, OperationDefinitionNode)]
    if operation.operation is OperationType.SUBSCRIPTION:
        async with api.subscribe(example.text, after="0") as subscription:
            assert (await subscription.next())["ticks"]["tick"]["number"] == 1
        return
    wanted = {node.variable.name.value for node in operation.variable_definitions or ()}
    values: dict[str, Any] = {"id": world.sensor, "after": None}
    answer = await api.answer(example.text, **{name: values[name] for name in wanted})
    codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
    assert codes == re.findall(r"error=(\w+)", example.note)
    if operation.operation is OperationType.MUTATION:
        (payload,) = answer["data"].values()
        assert payload["errors"] == []


async def output(api: Api, language: str, *command: str, place: int = 0) -> str:
    """Run an example of a language, with the address of the test's server, and return what it printed."""
    example = [example for example in EXAMPLES if example.language == language][place]
    process = await asyncio.create_subprocess_exec(
        *command,
        example.text.replace(ADDRESS, api.address.removeprefix("http://")),
        cwd=node.FOLDER,
        env={**os.environ, **node.ENVIRONMENT},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(SECONDS):
        printed, complaints = await process.communicate()
    [status] = re.findall(r"status=(\d+)", example.note) or ["0"]
    assert process.returncode == int(status), complaints.decode()
    return printed.decode()


@pytest.mark.usefixtures("world", "node_packages")
async def test_the_example_for_node_follows_ticks(api: Api) -> None:
    assert await output(api, "js", str(node.NODE), "--input-type=module", "-e") == "1\n2\n"


@pytest.mark.usefixtures("world")
async def test_the_example_for_python_launches_and_follows(api: Api) -> None:
    assert await output(api, "python", sys.executable, "-c") == "QUEUED\nCANCELED\n1 SKIPPED\n"


@pytest.mark.usefixtures("world")
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_example_for_the_shell_asks(api: Api) -> None:
    assert '"name":"inbox"' in (await output(api, "sh", "bash", "-c")).replace(" ", "")


@pytest.mark.usefixtures("world")
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_example_for_the_shell_resumes(api: Api) -> None:
    told = await output(api, "sh", "bash", "-c", place=1)
    assert re.findall(r"^id: (\d+)$", told, re.MULTILINE) == ["2", "3"]


def test_no_example_is_left_out() -> None:
    """Those of languages are run by the tests above, one each."""
    counts = {language: sum(one.language == language for one in EXAMPLES) for language in ("sh", "js", "python")}
    assert counts == {"sh": 2, "js": 1, "python": 1}
