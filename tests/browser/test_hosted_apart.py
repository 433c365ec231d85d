"""The interface hosted by another server than its API's: as a copy of its files in which the API is named."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Page, expect

from browser import projects
from browser.conftest import Serve
from e2e.servers import free_port
from vedette.web.pages import STATIC

NAMELESS = '<meta name="vedette-api" content="" />'


class Host(SimpleHTTPRequestHandler):
    """Any server of files: those of /static/, and the page at every other address."""

    def translate_path(self, path: str) -> str:
        """Return the file for an address."""
        if not path.startswith("/static/"):
            return str(Path(self.directory) / "index.html")
        return super().translate_path(path.removeprefix("/static"))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the interface's files."""
    return Path(shutil.copytree(STATIC, tmp_path / "copy"))


def name_api(copy: Path, address: str) -> None:
    """Write the API's address into the page, as docs/interface.md says."""
    index = copy / "index.html"
    text = index.read_text(encoding="utf-8")
    assert NAMELESS in text
    index.write_text(text.replace(NAMELESS, f'<meta name="vedette-api" content="{address}" />'), encoding="utf-8")


@contextmanager
def served(copy: Path, port: int) -> Iterator[str]:
    """Serve a copy on a port; yield its origin."""
    with ThreadingHTTPServer(("127.0.0.1", port), partial(Host, directory=str(copy))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def origin(copy: Path) -> Iterator[str]:
    """The origin of the other server."""
    with served(copy, free_port()) as origin:
        yield origin


def test_it_works_from_an_origin_that_the_settings_name(page: Page, serve: Serve, copy: Path, origin: str) -> None:
    api = serve(projects.INBOX, VEDETTE_ALLOWED_ORIGINS=origin)
    name_api(copy, api.address)
    page.goto(f"{origin}/sensors/project/restless")
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    page.get_by_role("switch", name="restless is evaluated").click()
    expect(page.get_by_role("link", name="#2", exact=True)).to_be_visible()
    # Streams go over the other protocol too.
    page.route_web_socket("**/graphql", lambda socket: socket.close())
    page.reload()
    expect(page.get_by_role("status").filter(has_text="Live over SSE")).to_be_visible()
    newest = page.locator("tbody tr").first
    before = newest.inner_text()
    expect(newest).not_to_have_text(before)


def test_an_origin_that_nobody_named_is_told_so(page: Page, serve: Serve, copy: Path, origin: str) -> None:
    api = serve(projects.INBOX)
    name_api(copy, api.address)
    page.goto(f"{origin}/")
    # Beside it the page says that its streams are lost, sooner or later.
    told = page.get_by_role("alert").filter(has_text=f"does its allowed_origins name {origin}?")
    expect(told.first).to_be_visible()
