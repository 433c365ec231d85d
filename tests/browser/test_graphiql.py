"""GraphiQL, as the server has it, in a real browser."""

from playwright.sync_api import Page, expect

from browser import projects
from browser.conftest import Serve


def _type(page: Page, document: str) -> None:
    page.locator(".graphiql-query-editor .monaco-editor").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(document)
    # GraphiQL asks for the operation that it opened with, until it has looked at the new text: hence the name.
    page.locator(".graphiql-execute-button").click()


def test_a_query_is_answered(page: Page, serve: Serve) -> None:
    server = serve(projects.INBOX)
    page.goto(server.url)
    _type(page, 'query Sensors { sensor(by: {name: {name: "restless"}}) { name status } }')
    expect(page.locator(".graphiql-response")).to_contain_text("restless")
