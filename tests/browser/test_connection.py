"""What the page does when its connection breaks, or is none that it would like."""

from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

from browser import projects
from browser.conftest import Serve

COUNT = '{ sensor(by: {name: {name: "restless"}}) { ticks(first: 100) { edges { node { number } } } } }'


def test_what_happens_while_the_connection_is_down_is_shown_once_it_is_back(page: Page, serve: Serve) -> None:
    server = serve(projects.INBOX)
    sockets: list[WebSocketRoute] = []
    is_down = False

    def connect(socket: WebSocketRoute) -> None:
        if is_down:
            socket.close()
            return
        sockets.append(socket)
        socket.connect_to_server()

    page.route_web_socket("**/graphql", connect)
    page.goto(f"{server.address}/sensors/project/restless")
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    page.get_by_role("switch", name="restless is evaluated").click()
    expect(page.get_by_role("link", name="#3", exact=True)).to_be_visible()
    is_down = True
    page.route("**/graphql", lambda route: route.abort())
    page.route("**/graphql/stream", lambda route: route.abort())
    for socket in sockets:
        socket.close(code=1012)
    lost = page.get_by_role("alert").filter(has_text="Connection lost.")
    expect(lost).to_be_visible()
    expect(lost).to_contain_text("try")
    numbers = server.query(COUNT)["sensor"]["ticks"]["edges"]
    last = int(numbers[0]["node"]["number"]) + 3
    while int(server.query(COUNT)["sensor"]["ticks"]["edges"][0]["node"]["number"]) < last:
        page.wait_for_timeout(200)
    is_down = False
    page.unroute("**/graphql")
    page.unroute("**/graphql/stream")
    # It tries again by itself.
    expect(lost).to_be_hidden()
    expect(page.get_by_role("link", name=f"#{last}", exact=True)).to_be_visible()
    shown = [int(text[1:]) for text in page.locator("tbody td:first-child a").all_inner_texts()]
    assert shown == list(range(shown[0], shown[0] - len(shown), -1)), "each once, none missing"


def test_without_websockets_it_uses_server_sent_events_and_says_so(context: BrowserContext, serve: Serve) -> None:
    server = serve(projects.INBOX)
    context.route_web_socket("**/graphql", lambda socket: socket.close())
    page = context.new_page()
    page.goto(f"{server.address}/sensors/project/restless")
    expect(page.get_by_role("status").filter(has_text="Live over SSE")).to_be_visible()
    page.get_by_role("switch", name="restless is evaluated").click()
    expect(page.get_by_role("link", name="#3", exact=True)).to_be_visible()
