"""`vedette token …` on a database, and what the tokens are good for at the API."""

from collections.abc import AsyncIterator

import pytest

from integration.cli.terminal import Terminal
from serving import serving
from vedette.bus import Bus
from vedette.settings import Settings
from vedette.storage.database import Database


@pytest.fixture
async def terminal(
    database: Database, bus: Bus, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Terminal]:
    """Commands for a served API that asks for tokens, and for its database."""
    monkeypatch.setenv("VEDETTE_DATABASE_URL", database_url)
    async with serving(database, bus, Settings(poll_seconds=0.2, authentication="tokens")) as api:
        yield Terminal(api.address)


@pytest.fixture
def beside(terminal: Terminal) -> Terminal:
    """Commands for the database."""
    return Terminal(None)


async def test_a_token_is_made_used_listed_and_revoked(
    terminal: Terminal, beside: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    (await terminal.call("sensor", "list")).fails(1, "VEDETTE_TOKEN")
    made = await beside.call("token", "create", "--name", "ci", "--role", "operator", "--expires", "90d")
    secret = made.out.strip()
    assert secret.startswith("vdt_")
    assert "not shown again" in made.err
    assert (await terminal.ok("sensor", "list", "--token", secret)).out
    monkeypatch.setenv("VEDETTE_TOKEN", secret)
    assert (await terminal.ok("sensor", "list")).out
    # An operator reads no audit log.
    (await terminal.call("audit")).fails(1, "auditLog", "ADMIN")
    listed = (await beside.call("token", "list")).out
    assert secret not in listed
    assert secret[:12] in listed
    [found] = (await beside.call("token", "list", "--json")).json
    assert (found["name"], found["role"], found["code_locations"]) == ("ci", "OPERATOR", None)
    assert (await beside.call("token", "revoke", "ci")).out == f"Revoked ci ({secret[:12]}…).\n"
    (await terminal.call("sensor", "list")).fails(1, "was revoked")
    (await beside.call("token", "revoke", "ci")).fails(1, "no token named 'ci'")


async def test_a_name_is_taken_until_its_token_is_revoked(beside: Terminal) -> None:
    create = ("token", "create", "--name", "ci", "--role", "viewer")
    await beside.call(*create, "--code-location", "etl")
    (await beside.call(*create)).fails(1, "'ci' is there already")
    await beside.call("token", "revoke", "ci")
    await beside.call(*create)


async def test_a_token_may_have_limits_of_its_own(terminal: Terminal, beside: Terminal) -> None:
    limits = ("--requests-per-minute", "2", "--cost-per-minute", "5000", "--streams", "1")
    made = await beside.call("token", "create", "--name", "wall", "--role", "viewer", *limits)
    wrong = await beside.call("token", "create", "--name", "b", "--role", "viewer", "--streams", "0")
    assert (wrong.code, "Invalid value for '--streams'" in wrong.err) == (2, True)
    [listed] = (await beside.call("token", "list", "--json")).json
    assert listed["quota"] == {"requests_per_minute": 2, "cost_per_minute": 5000, "streams": 1}
    assert "2 a minute, 5000 objects a minute, 1 streams" in (await beside.call("token", "list")).out
    # A command takes an operation or two.
    calls = [await terminal.call("job", "list", "--token", made.out.strip()) for _ in range(3)]
    assert calls[0].code == 0
    calls[-1].fails(1, "You may have 2 operations a minute")


async def test_the_audit_log_is_listed(terminal: Terminal, beside: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await beside.call("token", "create", "--name", "boss", "--role", "admin", "--json")
    monkeypatch.setenv("VEDETTE_TOKEN", made.json["secret"])
    [own] = (await terminal.ok("audit", "--json")).json
    assert (own["mutation"], own["address"], own["after"]["name"]) == ("createToken", "command line", "boss")
    assert made.json["secret"] not in str(own)
    assert (await terminal.ok("audit", "--mutation", "rerun")).out == "Nobody has tried that.\n"
    await terminal.ok("partition", "add", "images", "a.png")
    lines = (await terminal.ok("audit")).out.splitlines()
    assert lines[0].split() == ["When", "Who", "From", "What", "Result", "About"]
    assert "boss" in lines[1]
    assert "addDynamicPartition" in lines[1]
    [entry] = (await terminal.ok("audit", "--json", "--mutation", "addDynamicPartition")).json
    assert (entry["actor"], entry["result"]) == ("boss", "DONE")
