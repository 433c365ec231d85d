"""One trace over processes: from a client's span by the server, the evaluator and the launcher to the user's op."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from e2e.servers import free_port, wait_until
from e2e.test_processes import process

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
# The op has OpenTelemetry of its own, and a process that it starts finds the variable.
PROJECT = """
import json, os, subprocess, sys
from pathlib import Path
from opentelemetry import trace
from vedette import *

@op
def greet(context):
    here = trace.get_current_span().get_span_context()
    child = subprocess.check_output([sys.executable, "-c", "import os; print(os.environ['TRACEPARENT'])"], text=True)
    told = {"trace": f"{here.trace_id:032x}", "span": f"{here.span_id:016x}", "child": child.strip()}
    Path("FOLDER", context.run_id).write_text(json.dumps(told))

@job
def greets():
    greet()

@sensor(job=greets, minimum_interval_seconds=3600)
def asked():
    return RunRequest()

@sensor(job=greets, minimum_interval_seconds=3600, default_status=DefaultSensorStatus.RUNNING)
def by_itself():
    return RunRequest(run_key="once")
"""
TICK = """
mutation TickIt($id: ID!) { tickSensor(input: {sensorId: $id}) {
  tick { status traceId } errors { message } } }
"""
FOLLOWED = "{ runs { edges { node { traceId sensor { name } tick { traceId } } } } }"
FIND = 'query Find { sensor(by: {name: {name: "asked"}}) { id } }'
Span = dict[str, Any]


@contextmanager
def collector() -> Iterator[tuple[str, list[Span]]]:
    """Take spans as an OpenTelemetry collector does; yield its address and what it has taken."""
    taken: list[Span] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            assert self.path == "/v1/traces"
            taken.extend(_spans(ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", taken
        finally:
            server.shutdown()
            thread.join()


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for of_process in request.resource_spans:
        about = {one.key: one.value.string_value for one in of_process.resource.attributes}
        for scope in of_process.scope_spans:
            for span in scope.spans:
                yield {
                    "role": about["vedette.role"],
                    "name": span.name,
                    "trace": span.trace_id.hex(),
                    "span": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                    "seconds": (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                    "attributes": {one.key: one.value.string_value for one in span.attributes},
                }


def tree(spans: list[Span], span_id: str) -> dict[str, Any]:
    """Return the names of the spans below one, as a tree."""
    return {f"{one['role']}: {one['name']}": tree(spans, one["span"]) for one in spans if one["parent"] == span_id}


EXPECTED_BELOW_TICK: dict[str, Any] = {
    "evaluate: evaluate": {},
    "evaluate: record": {},
    "launch: run greets": {"launch: queue": {}, "launch: op greet": {}},
}


def test_one_trace_goes_from_the_client_to_the_op_and_the_logs_tell_its_id(database_url: str, tmp_path: Path) -> None:
    told = tmp_path / "told"
    told.mkdir()
    (tmp_path / "project.py").write_text(PROJECT.replace("FOLDER", str(told)))
    log, port = tmp_path / "log.txt", str(free_port())
    with collector() as (address, taken), ExitStack() as stack:
        environ = {
            "VEDETTE_DATABASE_URL": database_url,
            "VEDETTE_PORT": port,
            "VEDETTE_OTLP_ENDPOINT": address,
            "VEDETTE_LOG_FORMAT": "json",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        for words in (["serve"], ["evaluate", str(tmp_path / "project.py")], ["launch", str(tmp_path / "project.py")]):
            stack.enter_context(process(log, *words, **environ))
        url = f"http://127.0.0.1:{port}/graphql"

        def sensor_id() -> Any:
            try:
                answer = httpx.post(url, json={"query": FIND}, timeout=30).json()
            except httpx.TransportError:
                return None
            return (answer["data"]["sensor"] or {}).get("id")

        variables = {"id": wait_until(sensor_id, "the sensor")}
        answer = httpx.post(
            url, json={"query": TICK, "variables": variables}, headers={"traceparent": PARENT}, timeout=60
        )
        assert answer.headers["x-request-id"] == TRACE_ID
        ticked = answer.json()["data"]["tickSensor"]
        assert ticked == {"tick": {"status": "SUCCESS", "traceId": TRACE_ID}, "errors": []}

        def spans(*names: str) -> list[Span]:
            return [one for one in taken if one["name"] in names]

        wait_until(lambda: len(list(told.iterdir())) == 2 and len(spans("run greets")) == 2, "both runs to be told")
        listed = httpx.post(url, json={"query": FOLLOWED}, timeout=30).json()["data"]["runs"]["edges"]

    asked = [one for one in taken if one["trace"] == TRACE_ID]
    # The API tells by which id each run is followed.
    followed_by = {edge["node"]["sensor"]["name"]: edge["node"]["traceId"] for edge in listed}
    assert followed_by["asked"] == TRACE_ID
    assert all(edge["node"]["tick"]["traceId"] == edge["node"]["traceId"] for edge in listed)
    # Beside it, the tick by itself is a trace of its own, with the tick's id.
    assert tree(asked, "00f067aa0ba902b7") == {"serve: mutation TickIt": {"evaluate: tick asked": EXPECTED_BELOW_TICK}}
    [alone] = spans("tick by_itself")
    assert alone["trace"] == followed_by["by_itself"]
    assert alone["trace"] == alone["attributes"]["vedette.tick.id"].replace("-", "")
    below = tree([one for one in taken if one["trace"] == alone["trace"]], alone["span"])
    below.pop("evaluate: wait", None)
    assert below == EXPECTED_BELOW_TICK
    assert all(0 <= one["seconds"] < 60 for one in taken)
    ops = {(one["trace"], one["span"]) for one in spans("op greet")}
    notes = [json.loads(file.read_text()) for file in told.iterdir()]
    assert {(note["trace"], note["span"]) for note in notes} == ops
    assert {note["child"] for note in notes} == {f"00-{trace}-{span}-01" for trace, span in ops}

    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    followed = [line["message"] for line in lines if line.get("trace_id") == TRACE_ID]
    assert any("Mutation TickIt: ok." in line for line in followed)
    assert any("which a request asked for, is SUCCESS" in line for line in followed)
    assert any("of job greets is SUCCESS" in line for line in followed)


def test_a_collector_that_is_away_holds_nothing_up(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "project.py").write_text(PROJECT.replace("FOLDER", str(tmp_path)))
    log, port = tmp_path / "log.txt", str(free_port())
    environ = {"VEDETTE_DATABASE_URL": database_url, "VEDETTE_PORT": port}
    environ |= {"VEDETTE_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}", "VEDETTE_HOME": str(tmp_path / "home")}
    with process(log, "dev", str(tmp_path / "project.py"), **environ):
        wait_until(lambda: len(list(tmp_path.glob("*-*-*-*-*"))) == 1, "the run")
