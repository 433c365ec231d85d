"""Both pages say which client asks, so that whoever takes something out of the schema sees who would miss it."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser import projects
from browser.conftest import Serve
from vedette.cli.versions import installed_version

NAME, VERSION = "graphql-client-name", "graphql-client-version"
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("address", "name"), [("/", "vedette-interface"), ("/graphql", "vedette-graphiql")])
def test_a_page_names_itself_in_requests_and_on_its_websocket(
    page: Page, serve: Serve, address: str, name: str
) -> None:
    told: dict[str, set[tuple[Any, Any]]] = {"POST": set(), "connection_init": set()}

    def sent(frame: str | bytes) -> None:
        message = json.loads(frame)
        if message["type"] == "connection_init":
            given = message.get("payload") or {}
            told["connection_init"].add((given.get(NAME), given.get(VERSION)))

    def asked(request: Any) -> None:
        if request.method == "POST":
            told["POST"].add((request.headers.get(NAME), request.headers.get(VERSION)))

    page.on("request", asked)
    page.on("websocket", lambda socket: socket.on("framesent", sent))
    server = serve(projects.INBOX)
    page.goto(server.url.removesuffix("/graphql") + address)
    if address == "/graphql":
        page.locator(".graphiql-query-editor .monaco-editor").first.click()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text("subscription Pulse { pulses(sensorIds: []) { __typename } }")
        expect(page.locator(".graphiql-tab-active .graphiql-tab-button")).to_have_text("Pulse")
        page.locator(".graphiql-execute-button").click()
        expect(page.get_by_role("button", name="Stop query")).to_be_visible()
    else:
        expect(page.get_by_text("restless").first).to_be_visible()
    identity = {(name, installed_version())}
    while told["connection_init"] != identity:
        page.wait_for_timeout(50)
    assert told["POST"] == identity


def test_the_pages_have_the_version_of_the_server() -> None:
    assert json.loads((ROOT / "frontend" / "package.json").read_text())["version"] == installed_version()
