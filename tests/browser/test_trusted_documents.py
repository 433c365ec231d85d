"""The interface on a server that answers trusted documents alone: nothing that it asks is refused."""

from pathlib import Path

import httpx
from playwright.sync_api import BrowserContext, Page, Response, WebSocket, expect

from browser import projects
from browser.conftest import LOADED, Serve
from e2e.servers import READY, DevServer

UNTRUSTED = "{ jobs { edges { node { name } } } }"


def _strict(serve: Serve, folder: Path) -> DevServer:
    """Start a server that trusts what this test's own waiting asks, and of the rest what Vedette itself does."""
    trusted = folder / "trusted"
    trusted.mkdir()
    for name, document in {"loaded": LOADED, "ready": READY}.items():
        (trusted / f"{name}.graphql").write_text(document)
    server = serve(projects.INBOX, VEDETTE_TRUSTED_DOCUMENTS=str(trusted), VEDETTE_TRUSTED_DOCUMENTS_MODE="only")
    assert httpx.post(server.url, json={"query": UNTRUSTED}).status_code == 403
    return server


def _refusals(page: Page) -> list[str]:
    """Return a list of what the server refuses to the page, which grows."""
    refused: list[str] = []

    def answered(response: Response) -> None:
        if response.status == 403:
            refused.append(f"{response.url} {response.request.post_data}")

    def told(frame: str | bytes) -> None:
        if "DOCUMENT_NOT_TRUSTED" in str(frame):
            refused.append(str(frame))

    def opened(socket: WebSocket) -> None:
        socket.on("framereceived", told)

    page.on("response", answered)
    page.on("websocket", opened)
    return refused


def _look_at_sensors(page: Page, address: str) -> None:
    page.goto(f"{address}/")
    expect(page.get_by_role("link", name="counter")).to_be_visible()
    page.goto(f"{address}/sensors/project/restless")
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    page.get_by_role("switch", name="restless is evaluated").click()
    page.get_by_role("link", name="#2", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("moved")
    page.goto(f"{address}/sensors/project/restless?tab=cursor")
    expect(page.get_by_role("region", name="Cursor history")).to_be_visible()
    page.goto(f"{address}/sensors/project/counter")
    page.get_by_role("button", name="Test").click()
    page.get_by_role("dialog").get_by_role("button", name="Evaluate").click()
    expect(page.get_by_role("button", name="Test again")).to_be_visible()


def _look_at_the_rest(page: Page, address: str) -> None:
    page.goto(f"{address}/runs")
    page.get_by_role("row").filter(has_text="process").get_by_role("link").first.click()
    expect(page.get_by_role("log")).to_be_visible()
    page.goto(f"{address}/jobs")
    page.get_by_role("link", name="process").first.click()
    expect(page.get_by_role("heading", name="process")).to_be_visible()
    page.goto(f"{address}/assets")
    expect(page.get_by_role("heading").first).to_be_visible()
    page.goto(f"{address}/instance")
    expect(page.get_by_text("project.py").first).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("restl")
    expect(page.get_by_role("option", name="restless")).to_be_visible()


def test_every_screen_works(page: Page, serve: Serve, tmp_path: Path) -> None:
    server = _strict(serve, tmp_path)
    (server.project / "inbox" / "a.txt").touch()
    refused = _refusals(page)
    _look_at_sensors(page, server.address)
    _look_at_the_rest(page, server.address)
    assert refused == []


def test_it_goes_over_to_server_sent_events_too(context: BrowserContext, serve: Serve, tmp_path: Path) -> None:
    server = _strict(serve, tmp_path)
    context.route_web_socket("**/graphql", lambda socket: socket.close())
    page = context.new_page()
    refused = _refusals(page)
    page.goto(f"{server.address}/sensors/project/restless")
    expect(page.get_by_role("status").filter(has_text="Live over SSE")).to_be_visible()
    assert refused == []
