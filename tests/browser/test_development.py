"""`make ui`: the interface with hot reload, beside a running server."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from browser import projects
from browser.conftest import Serve
from e2e.servers import free_port, wait_until

HOOK = Path(__file__).parents[2] / "frontend" / "build_hook.py"


@contextmanager
def developing(api: str) -> Iterator[str]:
    """Serve the interface from its sources; yield its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "VEDETTE_API": api, "VEDETTE_UI_PORT": str(port)}
    command = [sys.executable, str(HOOK), "develop"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            wait_until(lambda: _answers(process, address), "the page", 120.0)
            yield address
        finally:
            # As Ctrl-C does.
            os.killpg(process.pid, signal.SIGINT)
    assert process.returncode == 0


def _answers(process: "subprocess.Popen[bytes]", address: str) -> bool:
    assert process.poll() is None, "it ended"
    try:
        return httpx.get(address, headers={"accept": "text/html"}).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.timeout(300)
def test_the_interface_is_served_from_its_sources_beside_a_server(page: Page, serve: Serve) -> None:
    api = serve(projects.INBOX)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    with developing(api.address) as address:
        page.goto(f"{address}/sensors/project/restless", timeout=120_000)
        expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible(timeout=120_000)
        page.get_by_role("switch", name="restless is evaluated").click()
        expect(page.get_by_role("link", name="#2", exact=True)).to_be_visible()
        # What changes in the sources is pushed to the page.
        assert "[vite] connected." in said
        page.goto("about:blank")
