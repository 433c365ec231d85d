"""The incumbent's list pages over a history: its sensors, the ticks of one, its runs, 100 a page."""

import time

from benchmarks import projects
from benchmarks.figures import Figure
from benchmarks.incumbent import storage
from benchmarks.incumbent.api import Api
from benchmarks.incumbent.deployment import HELD_QUEUE, START_SECONDS, Deployment, free_port, prepared
from benchmarks.incumbent.environment import Incumbent
from benchmarks.notes import wait_until
from benchmarks.server import percentile

SENSORS = 100
TICKS = 10_000
RUNS = 1_000

REPOSITORY = 'repositoryLocationName: "bench", repositoryName: "__repository__"'
PAGES = {
    "sensors": f"""{{ sensorsOrError(repositorySelector: {{{REPOSITORY}}}) {{
        __typename ... on Sensors {{ results {{
        id name description sensorType minIntervalSeconds targets {{ pipelineName }}
        sensorState {{ id selectorId status ticks(limit: 1) {{
            id tickId status timestamp endTimestamp skipReason runIds error {{ message }} }} }} }} }} }} }}""",
    "ticks of a sensor": f"""{{ sensorOrError(sensorSelector: {{{REPOSITORY}, sensorName: "sensor_007"}}) {{
        __typename ... on Sensor {{ id name sensorState {{ id status ticks(limit: 100) {{
        id tickId status timestamp endTimestamp skipReason cursor runIds runKeys error {{ message }} }} }} }} }} }}""",
    "runs": """{ runsOrError(limit: 100) { __typename ... on Runs { results {
        id runId status pipelineName startTime endTime creationTime tags { key value } } } } }""",
}


def measure(incumbent: Incumbent, kind: storage.Kind, requests: int) -> list[Figure]:
    """Return the p50 and p99 of each page, asked for `requests` times by one client over one connection."""
    source = projects.source("history", "dagster", sensors=SENSORS)
    with prepared(incumbent, kind, source, HELD_QUEUE) as deployment, deployment.code_server():
        with deployment.daemon():
            wait_until(lambda: _sensors_ticked(deployment) == SENSORS, "a tick of every sensor", START_SECONDS)
        _grow(deployment.records)
        port = free_port()
        workspace = str(deployment.home / "workspace.yaml")
        with deployment.program("dagster-webserver", "-h", "127.0.0.1", "-p", str(port), "-w", workspace):
            api = Api(port)
            wait_until(api.answers, "the incumbent's web server", START_SECONDS)
            return [figure for what, query in PAGES.items() for figure in _page(api, what, query, requests)]


def _page(api: Api, what: str, query: str, requests: int) -> list[Figure]:
    (answer,) = api.ask(query).values()
    if answer["__typename"].endswith("Error"):
        raise RuntimeError(f"The incumbent's page of {what} fails: {answer}")
    seconds = []
    for _ in range(requests):
        began = time.perf_counter()
        api.ask(query)
        seconds.append(time.perf_counter() - began)
    return [
        Figure(f"page of 100 {what}, p50", percentile(seconds, 0.5) * 1e3, "ms"),
        Figure(f"page of 100 {what}, p99", percentile(seconds, 0.99) * 1e3, "ms"),
    ]


def _sensors_ticked(deployment: Deployment) -> int:
    """Return how many sensors have a tick that has ended."""
    return len({tick.sensor for tick in storage.ticks(deployment.records) if tick.ended is not None})


def _grow(records: storage.Storage) -> None:
    """Copy the rows of the ticks and runs that there are until there are TICKS and RUNS of them."""
    have = records.execute("schedules", "SELECT count(*) FROM job_ticks")[0][0]
    columns = ", ".join(column for column in records.columns("schedules", "job_ticks") if column != "id")
    records.execute(
        "schedules",
        f"{_numbers(TICKS // have)} INSERT INTO job_ticks ({columns}) SELECT {columns} FROM job_ticks CROSS JOIN n",
    )
    have = records.execute("runs", "SELECT count(*) FROM runs")[0][0]
    copied = [column for column in records.columns("runs", "runs") if column not in {"id", "run_id", "run_body"}]
    # The last of a run's id's five parts is counted up; its body names it too.
    new = "substr(run_id, 1, 24) || substr(cast(100000000000 + i AS text), 1, 12)"
    numbers = _numbers(RUNS // have)
    records.execute(
        "runs",
        f"{numbers} INSERT INTO runs (run_id, run_body, {', '.join(copied)}) "
        f"SELECT {new}, replace(run_body, run_id, {new}), {', '.join(copied)} FROM runs CROSS JOIN n",
    )
    records.execute(
        "runs",
        f"{numbers} INSERT INTO run_tags (run_id, key, value) SELECT {new}, key, value FROM run_tags CROSS JOIN n",
    )


def _numbers(copies: int) -> str:
    """Return the table n(i) of 1 to `copies` less the original."""
    return f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {copies - 1})"
