"""A server whose database role may add to the audit log, and no more: as docs/access.md says."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy.exc import DBAPIError

import seeds
from serving import serving
from vedette.bus import Bus
from vedette.domain.access import Role
from vedette.settings import Settings
from vedette.storage.database import Database

ADD = 'mutation { addDynamicPartition(input: {partitionsDefinition: "a", key: "b"}) { errors { message } } }'
LOG = "{ auditLog { edges { node { actor mutation result } } } }"
CHANGES = (
    "UPDATE audit_log SET actor = 'nobody'",
    "DELETE FROM audit_log",
    "TRUNCATE audit_log",
    "ALTER TABLE audit_log DISABLE TRIGGER ALL",
    "DROP TABLE audit_log",
)


@pytest.fixture
async def confined_url(database: Database, database_url: str) -> AsyncIterator[str]:
    """The address of the database for a role that owns nothing in it."""
    role = f"server_{uuid4().hex}"
    await seeds.execute(database, f"CREATE ROLE {role} LOGIN")
    try:
        await seeds.execute(
            database, f"GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public TO {role}"
        )
        await seeds.execute(database, f"REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM {role}")
        yield database_url.replace("//vedette@", f"//{role}@")
    finally:
        await seeds.execute(database, f"DROP OWNED BY {role}")
        await seeds.execute(database, f"DROP ROLE {role}")


async def test_it_serves_and_cannot_take_back_what_it_has_told(database: Database, confined_url: str) -> None:
    await seeds.token(database, "boss", Role.ADMIN)
    async with (
        Database(confined_url) as confined,
        Bus(confined_url) as bus,
        serving(confined, bus, Settings(authentication="tokens")) as api,
    ):
        boss = api.shown("vdt_boss")
        assert (await boss.query(ADD))["addDynamicPartition"]["errors"] == []
        [entry] = (await boss.query(LOG))["auditLog"]["edges"]
        assert entry["node"] == {"actor": "boss", "mutation": "addDynamicPartition", "result": "DONE"}
        for change in CHANGES:
            with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
                await seeds.execute(confined, change)
        assert len((await boss.query(LOG))["auditLog"]["edges"]) == 1
