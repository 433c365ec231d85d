"""A secret in a run's config, the environment or a resource: the run has it, and nothing else ever shows it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from e2e.servers import DevServer, wait_until

BY_HAND, BY_SENSOR, BY_ENVIRONMENT, WRONG = "plum-7731-hand", "plum-7732-sensor", "plum-7733-environ", 7734_7734
KEY = "a key of chance, 32 characters long or more"
NESTED = "plum-7735-nested"
PROJECT = f"""
import logging
from pathlib import Path
from pydantic import SecretStr
from vedette import *

TOLD = Path(__file__).parent / "told"
TOLD.mkdir(exist_ok=True)

class Login(Config):
    user: str
    password: SecretStr

class Fetch(Config):
    login: Login
    tokens: list[SecretStr] = []
    plain: str = "to be seen"

class Store(ConfigurableResource):
    key: str

@op
def fetch(context, config: Fetch, store: Store):
    held = config.login.password.get_secret_value()
    tokens = [one.get_secret_value() for one in config.tokens]
    (TOLD / context.run_id).write_text(" ".join([held, *tokens, store.key]))
    print("printed", held, tokens, store.key)
    context.log.info("logged %s", held)
    context.add_output_metadata({{"held": held}})
    logging.getLogger("mine").warning("%s", context.run_config)
    if config.plain == "fail":
        raise RuntimeError(f"cannot sign in with {{held}}")

@job
def fetches():
    fetch()

@sensor(job=fetches, minimum_interval_seconds=3600, default_status=DefaultSensorStatus.RUNNING)
def asks():
    login = Login(user="ann", password=SecretStr("{BY_SENSOR}"))
    return RunRequest(run_key="once", run_config=RunConfig(ops={{"fetch": Fetch(login=login)}}))

@sensor(job=fetches, minimum_interval_seconds=3600, default_status=DefaultSensorStatus.RUNNING)
def asks_wrongly():
    login = {{"user": "ann", "password": {WRONG}}}
    return RunRequest(run_config={{"ops": {{"fetch": {{"config": {{"login": login}}}}}}}})

defs = Definitions(
    jobs=[fetches], sensors=[asks, asks_wrongly], resources={{"store": Store(key=EnvVar("STORE_KEY"))}}
)
"""
LAUNCH = """
mutation($config: JSON!) { launchRun(input: {jobName: "fetches", runConfig: $config}) {
  run { id runConfig } errors { __typename message } } }
"""
RERUN = "mutation($id: ID!) { rerun(input: {runId: $id}) { run { id } errors { message } } }"
EVALUATE = """
mutation($id: ID!) { evaluateSensor(input: {sensorId: $id}) {
  evaluation { runRequests { runConfig } error { message } } errors { message } } }
"""
EVERYTHING = """{
  runs { edges { node { id status runConfig error { message stack }
    events(first: 100) { edges { node { message data } } } } } }
  ticks { edges { node { sensor { name } status error { message stack } skipReason
    runRequests(first: 10) { edges { node { runConfig } } } logs(first: 100) { edges { node { message } } } } } }
  auditLog { edges { node { mutation result input before after } } }
  jobs { edges { node { configSchema } } }
  sensors { edges { node { id name } } }
}"""


def config(password: Any, **more: Any) -> dict[str, Any]:
    return {"ops": {"fetch": {"config": {"login": {"user": "ann", "password": password}, **more}}}}


@pytest.fixture
def server(tmp_path: Path, database_url: str) -> Iterator[DevServer]:
    """A server with the project, whose environment holds a secret too."""
    folder = tmp_path / "project"
    folder.mkdir()
    server = DevServer(folder)
    server.write(PROJECT)
    settings = {"VEDETTE_DATABASE_URL": database_url, "VEDETTE_SECRET_KEY": KEY, "VEDETTE_LOG_LEVEL": "debug"}
    try:
        server.start(STORE_KEY=BY_ENVIRONMENT, **settings)
        wait_until(lambda: server.query(EVERYTHING)["jobs"]["edges"], "the project's load")
        yield server
    finally:
        server.kill_tree()


def ended(server: DevServer, count: int) -> list[Any]:
    """Return the runs once so many have ended."""

    def found() -> Any:
        nodes = [edge["node"] for edge in server.query(EVERYTHING)["runs"]["edges"]]
        done = [node for node in nodes if node["status"] in {"SUCCESS", "FAILURE"}]
        return done if len(done) == count else None

    runs: list[Any] = wait_until(found, f"the end of {count} runs", 60.0)
    return runs


def tick_of(server: DevServer, sensor: str) -> Any:
    """Return the tick of a sensor once it has ended: the first ones are spread over 5 s, in any order."""

    def found() -> Any:
        nodes = [edge["node"] for edge in server.query(EVERYTHING)["ticks"]["edges"]]
        ended = [node for node in nodes if node["sensor"]["name"] == sensor and node["status"] != "STARTED"]
        return ended[0] if ended else None

    return wait_until(found, f"the end of a tick of {sensor}", 60.0)


def told(server: DevServer) -> list[str]:
    return sorted(file.read_text() for file in (server.project / "told").iterdir())


async def rows(url: str) -> list[str]:
    """Return every row of every table, as text."""
    connection = await asyncpg.connect(url)
    try:
        names = await connection.fetch(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        found = [
            await connection.fetch(f'SELECT CAST(t AS text) FROM "{schema}"."{name}" AS t') for schema, name in names
        ]
        return [row[0] for each in found for row in each]
    finally:
        await connection.close()


async def test_a_secret_is_the_runs_alone(server: DevServer, database_url: str) -> None:
    query = server.query
    given = config(BY_HAND, tokens=[NESTED], plain="fail")
    launched = query(LAUNCH, config=given)["launchRun"]
    assert launched["errors"] == []
    assert launched["run"]["runConfig"] == config("********", tokens=["********"], plain="fail")
    by_sensor, first = sorted(ended(server, 2), key=lambda run: run["status"])[::-1]
    assert by_sensor["runConfig"] == config("********", tokens=[], plain="to be seen")
    assert first["status"] == "FAILURE"
    assert "cannot sign in with ********" in first["error"]["message"]
    # Again, with the real values.
    again = query(RERUN, id=first["id"])["rerun"]
    assert again["errors"] == []
    ended(server, 3)
    held = [f"{BY_HAND} {NESTED} {BY_ENVIRONMENT}"] * 2 + [f"{BY_SENSOR} {BY_ENVIRONMENT}"]
    assert told(server) == sorted(held)
    sensors = {edge["node"]["name"]: edge["node"]["id"] for edge in query(EVERYTHING)["sensors"]["edges"]}
    preview = query(EVALUATE, id=sensors["asks"])["evaluateSensor"]
    [request] = preview["evaluation"]["runRequests"]
    assert request["runConfig"] == config("********", tokens=[], plain="to be seen")
    refused = [
        query(LAUNCH, config=config(WRONG))["launchRun"],
        # What was shown is no value; and nobody plants what is sealed.
        query(LAUNCH, config=config("********"))["launchRun"],
        query(LAUNCH, config=config({"vedette/sealed": "gAAAA"}))["launchRun"],
        query(LAUNCH, config={"ops": {"fetch": {"config": {"login": {"password": BY_HAND}}}}})["launchRun"],
    ]
    assert [error["__typename"] for each in refused for error in each["errors"]] == ["InvalidRunConfig"] * 4
    assert "give its value anew" in refused[1]["errors"][0]["message"]
    assert "refuses its run config" in tick_of(server, "asks_wrongly")["error"]["message"]
    everything = query(EVERYTHING)
    assert "printed ********" in json.dumps(everything)
    shown = [json.dumps(everything), json.dumps(refused), json.dumps(preview), server.log.read_text()]
    async with httpx.AsyncClient() as client:
        shown.append((await client.get(f"{server.address}/metrics")).text)
    shown += await rows(database_url)
    for secret in (BY_HAND, BY_SENSOR, BY_ENVIRONMENT, NESTED, str(WRONG)):
        assert [text for text in shown if secret in text] == [], secret
    assert sum("vedette/sealed" in text for text in shown) >= 4
