"""Who uses the page: signing in and out, and what it lets those do who may not do everything."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from browser import projects
from browser.conftest import Serve
from browser.test_hosted_apart import copy, name_api, served  # noqa: F401  (fixtures)
from browser.test_screens import TELEPHONE, violations
from e2e.servers import DevServer, free_port

ANN = {"sub": "1", "email": "ann@example.org", "groups": ["etl"]}
LAUNCH = 'mutation { launchRun(input: {jobName: "waits"}) { run { id } errors { message } } }'
TOKEN = "{ tokens { edges { node { id name } } } }"
REVOKE = "mutation ($id: ID!) { revokeToken(input: {tokenId: $id}) { errors { message } } }"
FILES = '{ sensor(by: {name: {name: "files"}}) { id } }'
CURSOR = """
mutation ($id: ID!, $cursor: String) { setSensorCursor(input: {sensorId: $id, cursor: $cursor}) { errors { message } } }
"""
KEPT = "JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, location.href])"


class Guarded(NamedTuple):
    """A server that asks who one is, and a token for each role."""

    server: DevServer
    viewer: str
    operator: str
    # From where another copy of the page may use it.
    origin: str


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """Yield the address of a provider at which Ann can sign in."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
    command += ["--user-claims", json.dumps(ANN)]
    environ = {**os.environ, "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL) as provider:
        try:
            with httpx.Client(transport=httpx.HTTPTransport(retries=100), timeout=30) as client:
                client.get(f"{url}/.well-known/openid-configuration").raise_for_status()
            yield url
        finally:
            provider.kill()


@pytest.fixture(scope="module")
def guarded(serve: Serve, issuer: str) -> Guarded:
    """A server that people sign in to, by a token or at the provider."""
    origin = f"http://127.0.0.1:{free_port()}"
    server = serve(
        projects.INBOX,
        VEDETTE_AUTHENTICATION="oidc",
        VEDETTE_OIDC_ISSUER=issuer,
        VEDETTE_OIDC_NAME="Example",
        VEDETTE_OIDC_CLIENT_ID="vedette",
        VEDETTE_OIDC_CLIENT_SECRET="s3cret",
        VEDETTE_OIDC_ROLES="etl=operator@project",
        VEDETTE_ALLOWED_ORIGINS=origin,
        VEDETTE_POLL_SECONDS="1",
    )
    return Guarded(server, server.make_token("wall", "viewer"), server.make_token("ops", "operator"), origin)


def sign_in(page: Page, address: str, token: str) -> None:
    """Open an address and show a token there."""
    page.goto(address)
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in with the token").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def refused(element: Locator, reason: str) -> None:
    """Expect that an element does nothing, and says why: to whoever points at it, and to screen readers."""
    expect(element).to_be_disabled()
    expect(element).to_have_accessible_description(reason)
    element.hover()
    expect(element.page.locator(".tooltip").filter(has_text=reason)).to_be_visible()
    element.page.mouse.move(1, 1)


def test_one_signs_in_with_a_token_and_out_again(page: Page, guarded: Guarded) -> None:
    address = f"{guarded.server.address}/sensors/project/files"
    page.goto(address)
    expect(page.get_by_role("heading", name="Sign in to Vedette")).to_be_visible()
    assert violations(page) == []
    field = page.get_by_label("Token")
    field.fill("vdt_guessed")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The token is not known")
    expect(field).to_be_focused()
    field.fill(guarded.operator)
    field.press("Enter")
    expect(page.get_by_role("heading", name="files")).to_be_visible()
    who = page.get_by_role("region", name="Who you are")
    expect(who).to_contain_text("ops")
    expect(who).to_contain_text("operator")
    expect(who).to_contain_text("Ends in 12 h")
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    assert guarded.operator not in page.evaluate(KEPT)
    assert "vds_" not in page.evaluate(KEPT)
    page.reload()
    expect(page.get_by_role("heading", name="files")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You have signed out.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("This server asks who you are.")).to_be_visible()


def test_the_sign_in_screen_fits_a_telephone(browser: Browser, guarded: Guarded) -> None:
    with browser.new_context(viewport=TELEPHONE, color_scheme="dark") as context:
        page = context.new_page()
        page.goto(f"{guarded.server.address}/")
        expect(page.get_by_role("link", name="Sign in with Example")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE["width"]
        assert violations(page) == []


def test_one_signs_in_at_the_provider_and_is_back_where_one_was(page: Page, guarded: Guarded) -> None:
    page.goto(f"{guarded.server.address}/runs?status=FAILURE")
    page.get_by_role("link", name="Sign in with Example").click()
    page.locator("input[name=sub]").fill("1")
    page.locator("button[type=submit], input[type=submit]").first.click()
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    assert page.url == f"{guarded.server.address}/runs?status=FAILURE"
    who = page.get_by_role("region", name="Who you are")
    expect(who).to_contain_text("ann@example.org")
    expect(who).to_contain_text("operator in project")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to Vedette")).to_be_visible()


def test_graphiql_has_one_sign_in_and_come_back(page: Page, guarded: Guarded) -> None:
    page.goto(guarded.server.url)
    page.get_by_label("Token").fill(guarded.operator)
    page.get_by_label("Token").press("Enter")
    expect(page.locator(".graphiql-query-editor")).to_be_visible()
    assert page.url == guarded.server.url


def test_a_viewer_has_no_graphiql_and_is_told_why(page: Page, guarded: Guarded) -> None:
    sign_in(page, f"{guarded.server.address}/", guarded.viewer)
    page.goto(guarded.server.url)
    expect(page.get_by_text("GraphiQL needs the role OPERATOR (introspection); you have VIEWER.")).to_be_visible()


def test_a_token_that_is_revoked_ends_what_one_sees_in_seconds(page: Page, guarded: Guarded) -> None:
    sign_in(page, f"{guarded.server.address}/", guarded.server.make_token("gone", "viewer"))
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    tokens = guarded.server.query(TOKEN)["tokens"]["edges"]
    [gone] = [edge["node"]["id"] for edge in tokens if edge["node"]["name"] == "gone"]
    guarded.server.query(REVOKE, id=gone)
    expect(page.get_by_text("The token was revoked")).to_be_visible(timeout=10_000)


def test_a_token_that_expires_ends_what_one_sees_in_seconds(page: Page, guarded: Guarded) -> None:
    sign_in(page, f"{guarded.server.address}/jobs", guarded.server.make_token("brief", "viewer", "--expires", "8s"))
    expect(page.get_by_role("region", name="Who you are").get_by_role("status")).to_contain_text("Ends")
    # Nothing is followed here, so nothing is pushed: the page knows by itself.
    expect(page.get_by_text("Your session is over")).to_be_visible(timeout=20_000)


def test_a_viewer_sees_what_a_viewer_may_not_do_and_why(page: Page, guarded: Guarded) -> None:
    guarded.server.token, admin = guarded.operator, guarded.server.token
    run = guarded.server.query(LAUNCH)["launchRun"]["run"]["id"]
    guarded.server.token = admin
    address = guarded.server.address
    sign_in(page, f"{address}/", guarded.viewer)

    def may_not(name: str, deed: str, role: str = "operator") -> None:
        refused(page.get_by_role("button", name=name, exact=True), f"Viewers may not {deed}; ask for the role {role}.")

    switch = page.get_by_role("switch", name="restless is evaluated")
    refused(switch, "Viewers may not start sensors; ask for the role operator.")
    switch.click(force=True)
    expect(switch).not_to_be_checked()
    page.get_by_role("checkbox", name="Select restless").check()
    for name in ("Start", "Stop", "Reset"):
        may_not(name, f"{name.lower()} sensors")
    assert violations(page) == []
    page.goto(f"{address}/sensors/project/files?tab=cursor")
    may_not("Evaluate now", "evaluate sensors")
    may_not("Test", "test sensors")
    may_not("Reset", "reset sensors")
    may_not("Edit", "change cursors")
    page.goto(f"{address}/jobs/project/fails")
    may_not("Launch", "launch runs")
    page.goto(f"{address}/runs/{run}")
    may_not("Cancel", "cancel runs")
    page.goto(f"{address}/instance")
    # What stands above it is there: it does not move away from under the pointer.
    for text in ("No run waits", "No limit is set", "Executes runs", "Last looked after"):
        expect(page.get_by_text(text)).to_be_visible()
    may_not("Reload", "load code anew", "admin")


def test_hosted_apart_the_page_keeps_the_token_in_memory_alone(
    page: Page,
    guarded: Guarded,
    copy: Path,  # noqa: F811
) -> None:
    name_api(copy, guarded.server.address)
    with served(copy, int(guarded.origin.rpartition(":")[2])) as origin:
        assert origin == guarded.origin
        page.goto(f"{origin}/sensors/project/restless")
        field = page.get_by_label("Token")
        field.fill("vdt_guessed")
        field.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("The token is not known")
        field.fill(guarded.operator)
        field.press("Enter")
        expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
        page.get_by_role("switch", name="restless is evaluated").click()
        expect(page.get_by_role("link", name="#2", exact=True)).to_be_visible()
        assert guarded.operator not in page.evaluate(KEPT)
        assert page.context.cookies() == []
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_text("You have signed out.")).to_be_visible()
        # Streams over the other protocol show it too.
        page.route_web_socket("**/graphql", lambda socket: socket.close())
        page.reload()
        field.fill(guarded.operator)
        field.press("Enter")
        expect(page.get_by_role("status").filter(has_text="Live over SSE")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="Sign in to Vedette")).to_be_visible()


def test_on_a_read_only_server_nobody_may_change_anything(page: Page, serve: Serve) -> None:
    server = serve(projects.INBOX, VEDETTE_READ_ONLY="true")
    page.goto(f"{server.address}/")
    reason = "This server is read-only: nobody may start sensors here."
    refused(page.get_by_role("switch", name="restless is evaluated"), reason)
    expect(page.get_by_role("region", name="Who you are")).to_contain_text("read-only")
    # What goes on by itself goes on, and is shown.
    (server.project / "inbox" / "a.csv").write_text("1")
    page.goto(f"{server.address}/sensors/project/files?tab=runs")
    expect(page.get_by_role("region", name="Table of runs")).to_contain_text("a.csv")


def test_the_audit_log_is_live_filtered_and_linked_to(page: Page, guarded: Guarded) -> None:
    server = guarded.server
    sign_in(page, f"{server.address}/audit", server.make_token("auditor", "admin"))
    table = page.get_by_role("region", name="Table of entries")
    expect(table).to_contain_text("auditor")
    server.query(CURSOR, id=server.query(FILES)["sensor"]["id"], cursor="row 7")
    # What somebody does elsewhere comes by itself.
    newest = table.get_by_role("row").nth(1)
    expect(newest).to_contain_text("set sensor cursor")
    expect(newest).to_contain_text("tests")
    newest.get_by_role("button", name="set sensor cursor").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("region", name="What changed")).to_contain_text('+   "cursor": "row 7"')
    link = page.url
    page.goto(f"{server.address}/audit?result=FORBIDDEN")
    expect(page.get_by_text("No entry matches")).to_be_visible()
    page.goto(link)
    expect(dialog.get_by_role("region", name="What changed")).to_contain_text('+   "cursor": "row 7"')
    dialog.get_by_role("link", name="All about it").click()
    expect(table.get_by_role("row")).to_have_count(2)
    page.get_by_role("button", name="About one thing alone").click()
    page.get_by_role("combobox", name="What").select_option("createToken")
    expect(table).not_to_contain_text("set sensor cursor")
    page.get_by_role("searchbox", name="Who").fill("nobody")
    expect(page.get_by_text("No entry matches")).to_be_visible()
    page.get_by_role("searchbox", name="Who").fill("")
    page.get_by_label("Until").fill("2001-01-01T00:00")
    expect(page.get_by_text("No entry matches")).to_be_visible()


def test_the_audit_log_is_not_for_a_viewer(page: Page, guarded: Guarded) -> None:
    sign_in(page, f"{guarded.server.address}/audit", guarded.viewer)
    expect(page.get_by_text("with the role viewer; ask for the role admin")).to_be_visible()
    expect(page.get_by_role("link", name="Audit")).to_have_count(0)
