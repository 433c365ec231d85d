"""An http address as a source, on a real server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from integration.sources.looking import Looker
from vedette.sources import HttpAddress


class Page:
    """What the server answers; `asked` are the headers of each request."""

    def __init__(self) -> None:
        self.content = b"one"
        self.headers: dict[str, str] = {}
        self.status = 200
        self.asked: list[Any] = []
        self.url = ""


@contextmanager
def served() -> Iterator[Page]:
    page = Page()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page.asked.append(self.headers)
            etag = page.headers.get("ETag")
            unchanged = etag is not None and self.headers.get("If-None-Match") == etag
            self.send_response(304 if unchanged and page.status == 200 else page.status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if not unchanged:
                self.wfile.write(page.content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    page.url = f"http://127.0.0.1:{server.server_port}/file"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield page
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def page() -> Iterator[Page]:
    with served() as page:
        yield page


def test_a_version_is_told_once_and_asked_for_with_its_etag(page: Page) -> None:
    page.headers = {"ETag": '"v1"'}
    looker = Looker(HttpAddress(page.url, {"Authorization": "Bearer x"}))
    assert len(looker.tick()) == 1
    assert looker.tick() == []
    assert page.asked[-1]["If-None-Match"] == '"v1"'
    assert page.asked[-1]["Authorization"] == "Bearer x"
    page.headers, page.content = {"ETag": '"v2"'}, b"two"
    assert len(looker.tick()) == 1
    page.headers = {"ETag": '"v3"'}
    assert looker.tick() == [], "the same content is no news, whatever the server calls it"
    assert len(set(looker.keys)) == 2


def test_a_server_that_names_no_version_is_told_by_its_content(page: Page) -> None:
    looker = Looker(HttpAddress(page.url))
    assert [len(looker.tick()), len(looker.tick())] == [1, 0]
    page.content = b"two"
    assert [len(looker.tick()), len(looker.tick())] == [1, 0]


def test_a_server_that_is_busy_says_when_to_come_back(page: Page) -> None:
    page.status, page.headers = 503, {"Retry-After": "17"}
    looker = Looker(HttpAddress(page.url))
    assert "503" in looker.fails()
    assert looker.sensor.evaluate_tick().retry_after_seconds == 17


def test_a_server_that_is_down_fails_the_tick(page: Page) -> None:
    assert "does not answer" in Looker(HttpAddress("http://127.0.0.1:9/file")).fails()
    page.status = 404
    assert "answers 404" in Looker(HttpAddress(page.url)).fails()
