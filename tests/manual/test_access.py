"""The commands of docs/access.md, as a reader would type them beside a server that asks for tokens."""

import asyncio
import os
import re
import sys
from pathlib import Path

import seeds
from manual.pages import FENCED
from serving import serving
from vedette.bus import Bus
from vedette.domain.access import Role
from vedette.settings import Settings
from vedette.storage.database import Database

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "access.md").read_text(encoding="utf-8")
COMMANDS = [line for found in FENCED.finditer(TEXT) if found[1] == "sh" for line in found[2].splitlines()]


async def test_the_commands_do_what_they_say(database: Database, bus: Bus, database_url: str) -> None:
    assert len(COMMANDS) >= 6
    await seeds.token(database, "boss", Role.ADMIN)
    async with serving(database, bus, Settings(poll_seconds=0.2, authentication="tokens")) as api:
        environ = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "VEDETTE_PORT": api.address.rpartition(":")[2],
            "VEDETTE_DATABASE_URL": database_url,
            "VEDETTE_TOKEN": "vdt_boss",
        }
        for line in COMMANDS:
            process = await asyncio.create_subprocess_shell(
                line, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
            )
            async with asyncio.timeout(60):
                out, _ = await process.communicate()
            assert process.returncode == 0, f"{line}\n{out.decode()}"


def test_its_links_lead_somewhere_and_its_settings_are_there() -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", TEXT):
        assert (DOCS / target).exists(), target
    named = {name.lower() for name in re.findall(r"VEDETTE_([A-Z_]+)=", TEXT)} | set(
        re.findall(r"`((?:oidc|token|session)_[a-z_]+)`", TEXT)
    )
    assert named - set(Settings.model_fields) == set()
