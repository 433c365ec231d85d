"""GraphiQL, as the server has it, in a real browser."""

from playwright.sync_api import Page, Request, expect

from browser import projects
from browser.conftest import Serve

START = """
mutation Start($id: ID!) { startSensor(input: { sensorId: $id }) { errors { message } } }
"""
RESTLESS = '{ sensor(by: {name: {name: "restless"}}) { id } }'


def _execute(page: Page, name: str, document: str) -> None:
    """Execute a document, whose one operation has the name, in place of what stands in the editor."""
    page.locator(".graphiql-query-editor .monaco-editor").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(document)
    # It looks at a new text when nothing was typed for a moment, and asks for what stood there until then.
    expect(page.locator(".graphiql-tab-active .graphiql-tab-button")).to_have_text(name)
    page.locator(".graphiql-execute-button").click()


def test_a_query_is_answered(page: Page, serve: Serve) -> None:
    server = serve(projects.INBOX)
    page.goto(server.url)
    _execute(page, "Restless", 'query Restless { sensor(by: {name: {name: "restless"}}) { name status } }')
    expect(page.locator(".graphiql-response")).to_contain_text("restless")


def test_a_subscription_is_shown_as_it_goes_on_until_it_is_stopped(page: Page, serve: Serve) -> None:
    server = serve(projects.INBOX)
    sensor = server.query(RESTLESS)["sensor"]["id"]
    page.goto(server.url)
    filtered = f'ticks(filter: {{sensorId: "{sensor}"}})'
    _execute(
        page,
        "Moves",
        f"subscription Moves {{ {filtered} {{ ... on TickChanged {{ tick {{ number skipReason }} }} }} }}",
    )
    stop = page.get_by_role("button", name="Stop query")
    expect(stop).to_be_visible()
    server.query(START, id=sensor)
    answer = page.locator(".graphiql-response .view-lines")
    expect(answer).to_contain_text("moved")
    shown = answer.inner_text()
    # Another tick took the place of that one, over the same subscription.
    expect(answer).not_to_have_text(shown)
    expect(answer).to_contain_text("moved")
    stop.click()
    expect(page.get_by_role("button", name="Execute query")).to_be_visible()


def test_a_subscription_goes_on_where_it_was_when_its_server_is_killed(page: Page, serve: Serve) -> None:
    server = serve(projects.INBOX)
    asked: list[str | None] = []

    def note(sent: Request) -> None:
        if sent.url.endswith("/stream"):
            asked.append(sent.headers.get("last-event-id"))

    page.on("request", note)
    page.goto(server.url)
    # It selects no position: by what the stream says beside its items it goes on.
    with page.expect_response("**/graphql/stream"):
        _execute(page, "Runs", "subscription Runs { runs { ... on RunChanged { run { jobName status } } } }")
    answer = page.locator(".graphiql-response .view-lines")
    server.query('mutation { launchRun(input: {jobName: "fails"}) { run { id } } }')
    expect(answer).to_contain_text("FAILURE")
    server.kill_tree()
    server.start()
    # Most likely before the page is there again.
    server.query('mutation { launchRun(input: {jobName: "talks"}) { run { id } } }')
    expect(answer).to_contain_text("talks")
    expect(answer).to_contain_text("SUCCESS")
    assert (asked[0], asked[-1] is None) == (None, False)
