"""What the page does when its connection breaks, or is none that it would like."""

import pytest
from playwright.sync_api import BrowserContext, Page, Request, WebSocketRoute, expect

from browser import projects
from browser.conftest import Serve
from e2e.servers import DevServer

NEWEST = '{ sensor(by: {name: {name: "restless"}}) { lastTick { number } } }'


@pytest.fixture(scope="module")
def server(serve: Serve) -> DevServer:
    """A server with a sensor that never rests, once it is started."""
    return serve(projects.INBOX)


def _newest(server: DevServer) -> int:
    return int((server.query(NEWEST)["sensor"]["lastTick"] or {"number": 0})["number"])


def test_what_happens_while_the_connection_is_down_is_shown_once_it_is_back(page: Page, server: DevServer) -> None:
    sockets: list[WebSocketRoute] = []
    is_down = False
    attempts = 0

    def connect(socket: WebSocketRoute) -> None:
        nonlocal attempts
        attempts += 1
        if is_down:
            socket.close()
            return
        sockets.append(socket)
        socket.connect_to_server()

    page.route_web_socket("**/graphql", connect)
    page.goto(f"{server.address}/sensors/project/restless")
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    switch = page.get_by_role("switch", name="restless is evaluated")
    switch.click()
    expect(page.get_by_role("link", name=f"#{_newest(server) + 2}", exact=True)).to_be_visible()
    is_down = True
    page.route("**/graphql", lambda route: route.abort())
    page.route("**/graphql/stream", lambda route: route.abort())
    for socket in sockets:
        socket.close(code=1012)
    lost = page.get_by_role("alert").filter(has_text="Connection lost.")
    expect(lost).to_be_visible()
    expect(lost).to_contain_text("try")
    before = attempts
    press = page.locator(".connection").get_by_role("button")
    press.click()
    while attempts == before:
        page.wait_for_timeout(50)
    last = _newest(server) + 3
    while _newest(server) < last:
        page.wait_for_timeout(200)
    is_down = False
    page.unroute("**/graphql")
    page.unroute("**/graphql/stream")
    # Whether one presses it or it tries by itself first: what one presses does not vanish.
    press.click()
    expect(lost).to_be_hidden()
    expect(page.get_by_role("link", name=f"#{last}", exact=True)).to_be_visible()
    shown = [int(text[1:]) for text in page.locator("tbody td:first-child a").all_inner_texts()]
    assert shown == list(range(shown[0], shown[0] - len(shown), -1)), "each once, none missing"
    switch.click()
    expect(page.get_by_text("Stopped by")).to_be_visible()


def test_without_websockets_it_uses_server_sent_events_and_says_so(context: BrowserContext, server: DevServer) -> None:
    context.route_web_socket("**/graphql", lambda socket: socket.close())
    page = context.new_page()
    page.goto(f"{server.address}/sensors/project/restless")
    expect(page.get_by_role("status").filter(has_text="Live over SSE")).to_be_visible()
    page.get_by_role("switch", name="restless is evaluated").click()
    expect(page.get_by_role("link", name=f"#{_newest(server) + 2}", exact=True)).to_be_visible()


def test_tabs_without_websockets_leave_each_other_connections(context: BrowserContext, server: DevServer) -> None:
    """A browser opens six connections to a server over HTTP/1.1, for all of its tabs together."""
    context.route_web_socket("**/graphql", lambda socket: socket.close())
    open_streams: set[Request] = set()
    most = 0

    def note(request: Request) -> None:
        nonlocal most
        if request.url.endswith("/graphql/stream"):
            open_streams.add(request)
            most = max(most, len(open_streams))

    context.on("request", note)
    for end in ("requestfinished", "requestfailed"):
        context.on(end, lambda request: open_streams.discard(request))  # noqa: PLW0108  (it marks what it is given)
    tabs = [context.new_page() for _ in range(3)]
    for tab, path in zip(tabs, ("/", "/sensors/project/restless", "/instance"), strict=True):
        tab.goto(f"{server.address}{path}")
        expect(tab.get_by_role("status").filter(has_text="Live over SSE")).to_be_visible()
    overview, sensor, instance = tabs
    row = overview.get_by_role("row").filter(has=overview.get_by_role("link", name="restless", exact=True))
    was_on = sensor.get_by_role("switch", name="restless is evaluated").is_checked()
    if not was_on:
        sensor.get_by_role("switch", name="restless is evaluated").click()
    expect(row.get_by_role("switch")).to_be_checked()
    expect(sensor.get_by_role("link", name=f"#{_newest(server) + 2}", exact=True)).to_be_visible()
    last_seen = instance.get_by_role("table").locator("time").last
    expect(last_seen).not_to_have_attribute("datetime", last_seen.get_attribute("datetime") or "")
    assert len(open_streams) == 3
    # While one request takes over from another there are two of a tab.
    assert most <= 6
