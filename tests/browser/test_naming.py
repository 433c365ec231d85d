"""Both pages say which client asks, so that whoever takes something out of the schema sees who would miss it."""

import json
from pathlib import Path

from playwright.sync_api import Page, Request, expect

from browser import projects
from browser.conftest import Serve
from vedette.cli.versions import installed_version

NAME, VERSION = "graphql-client-name", "graphql-client-version"
ROOT = Path(__file__).parents[2]


Identity = tuple[str | None, str | None]


def identity_in(request: Request) -> Identity:
    return request.headers.get(NAME), request.headers.get(VERSION)


def posted(page: Page) -> set[Identity]:
    """Return what the requests that follow say, as they come."""
    told: set[Identity] = set()
    page.on("request", lambda request: told.add(identity_in(request)) if request.method == "POST" else None)
    return told


def test_the_interface_names_itself_in_requests_and_on_its_websocket(page: Page, serve: Serve) -> None:
    begun: list[dict[str, str]] = []

    def sent(frame: str | bytes) -> None:
        message = json.loads(frame)
        if message["type"] == "connection_init":
            begun.append(message.get("payload") or {})

    page.on("websocket", lambda socket: socket.on("framesent", sent))
    told = posted(page)
    page.goto(serve(projects.INBOX).address)
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    identity = ("vedette-interface", installed_version())
    assert {(given.get(NAME), given.get(VERSION)) for given in begun} == {identity}
    assert told == {identity}


def test_graphiql_names_itself_in_requests_and_for_its_streams(page: Page, serve: Serve) -> None:
    told = posted(page)
    page.goto(serve(projects.INBOX).url)
    page.locator(".graphiql-query-editor .monaco-editor").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("subscription Pulse { pulses(sensorIds: []) { __typename } }")
    expect(page.locator(".graphiql-tab-active .graphiql-tab-button")).to_have_text("Pulse")
    with page.expect_request("**/graphql/stream") as asked:
        page.locator(".graphiql-execute-button").click()
    identity = ("vedette-graphiql", installed_version())
    assert identity_in(asked.value) == identity
    assert told == {identity}


def test_the_pages_have_the_version_of_the_server() -> None:
    assert json.loads((ROOT / "frontend" / "package.json").read_text())["version"] == installed_version()
