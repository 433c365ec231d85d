"""Fixtures of the browser tests: Debian's Chromium, and a real server with real sensors."""

import shutil
from collections.abc import Iterator
from typing import Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from e2e.servers import DevServer, wait_until

# No sandbox: tests may be run by root, for whom Chromium has none. The rest keeps it from talking to anybody but us.
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOADED = "{ codeLocations { version } }"
NAMES = ("chromium", "chromium-browser")

# What is waited for comes in a moment; on a busy machine a moment is long.
expect.set_options(timeout=40_000)


class Serve(Protocol):
    """Starts a server: the text of its project, and settings as its environment has them."""

    def __call__(self, source: str, **environ: str) -> DevServer: ...


# Of a file, not of the session: as long as it is open, a loop runs in this thread, and async tests have no room.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, with a new and empty profile."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("there is no Chromium: `apt-get install chromium`, then the browser tests run")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A window of its own."""
    context = browser.new_context(viewport={"width": 1360, "height": 820}, locale="en-GB", timezone_id="Europe/Berlin")
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab, which fails the test if something in it breaks."""
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda said: broken.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    assert not broken


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start a server with a project, and settings if need be; it ends with the file of tests."""
    servers: list[DevServer] = []

    def start(source: str, **environ: str) -> DevServer:
        folder = tmp_path_factory.mktemp("served") / "project"
        folder.mkdir()
        server = DevServer(folder)
        servers.append(server)
        server.write(source)
        if "VEDETTE_AUTHENTICATION" in environ:
            server.token = server.make_token("tests", "admin")
        server.start(**environ)
        wait_until(lambda: any(each["version"] for each in server.query(LOADED)["codeLocations"]), "the project's load")
        return server

    try:
        yield start
    finally:
        for server in servers:
            server.kill_tree()
