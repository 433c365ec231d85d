"""What answers at the address is no Vedette, answers nonsense, or nothing at all."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from vedette.cli.root import vedette


@contextmanager
def answering(status: int, body: str) -> Iterator[str]:
    """Answer every POST alike; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST  # noqa: N815 - http.server's spelling

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - http.server's spelling
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def call(*words: str) -> Result:
    return CliRunner().invoke(vedette, words, prog_name="vedette")


@pytest.mark.parametrize("body", ["<html>", "[]", "{}", "null", ""])
@pytest.mark.parametrize("status", [200, 404])
def test_what_is_no_graphql_is_called_so(status: int, body: str) -> None:
    with answering(status, body) as url:
        done = call("sensor", "list", "--url", url)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"Error: What answers at {url}/graphql is no Vedette server (HTTP {status})")


def test_the_errors_of_a_request_are_passed_on() -> None:
    body = json.dumps({"data": None, "errors": [{"message": "Too deep."}, {"message": "Too wide.", "extensions": {}}]})
    with answering(200, body) as url:
        done = call("run", "list", "--url", url)
    assert done.exit_code == 1
    assert done.stderr == "Error: Too deep. Too wide.\n"
    assert done.stdout == ""


@pytest.mark.parametrize("words", [("sensor", "list"), ("tick", "follow"), ("tick", "follow", "--sensor", "x")])
def test_no_server_is_one_line_with_the_remedy(words: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    done = call(*words, "--url", f"http://127.0.0.1:{port}")
    assert done.exit_code == 2
    assert done.stderr.startswith(f"Error: No Vedette server answers at http://127.0.0.1:{port}/graphql")
    assert "vedette dev" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_server_without_websockets_cannot_be_followed() -> None:
    with answering(404, "not here") as url:
        done = call("tick", "follow", "--json", "--after", "1", "--url", url)
    assert done.exit_code == 2
    assert "No Vedette server answers" in done.stderr
