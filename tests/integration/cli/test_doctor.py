"""`vedette doctor`: each thing that can be wrong is found, with a remedy; what is right is said to be."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

import seeds
from vedette.diagnosis import database as diagnosed
from vedette.diagnosis import machine
from vedette.diagnosis.findings import Severity
from vedette.domain.catalog import SensorSpec, SensorStatus
from vedette.settings import Settings
from vedette.storage import connecting, examining
from vedette.storage.database import Database
from vedette.storage.examining import Server

Findings = dict[str, list[tuple[str, str, str | None]]]

WORKER = """
INSERT INTO workers (id, role, host, pid, lock_key, tasks) SELECT gen_random_uuid(), role, 'here', 1, 7, 1
FROM unnest(ARRAY['SERVE', 'EVALUATE', 'LAUNCH']) AS roles(role)
"""


def doctor(home: Path, *words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VEDETTE_")}
    return subprocess.run(
        [sys.executable, "-m", "vedette.cli", "doctor", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**inherited, "VEDETTE_HOME": str(home), **environ},
    )


def found(home: Path, url: str, **environ: str) -> tuple[int, Findings]:
    """Return the exit code, and by check its severity, message and remedy."""
    done = doctor(home, "--json", VEDETTE_DATABASE_URL=url, **environ)
    assert done.stderr == ""
    by_check: Findings = {}
    for one in json.loads(done.stdout):
        by_check.setdefault(one["check"], []).append((one["severity"], one["message"], one["remedy"]))
    return done.returncode, by_check


def problems(by_check: Findings) -> Findings:
    return {check: those for check, all_ in by_check.items() if (those := [one for one in all_ if one[0] == "PROBLEM"])}


async def test_a_sound_deployment_is_well(database_url: str, database: Database, tmp_path: Path) -> None:
    await seeds.execute(database, WORKER)
    code, by_check = found(tmp_path, database_url)
    # The tests' own server keeps nothing safe, and is told so.
    assert set(problems(by_check)) == {"durability"}
    assert code == 1
    for check in ("database", "migrations", "permissions", "clock", "processes", "projects", "lag", "queue", "history"):
        assert by_check[check][0][0] == "OK", by_check[check]
    assert "fsync and full_page_writes is off" in by_check["durability"][0][1]


async def test_what_is_late_broken_or_missing_is_found_with_a_remedy(
    database_url: str, database: Database, tmp_path: Path
) -> None:
    await seeds.code_location(database)
    await seeds.sensors(database, [SensorSpec(f"s{n}", default_status=SensorStatus.RUNNING) for n in range(5)])
    await seeds.execute(database, "UPDATE sensors SET next_tick_at = now() - interval '90 s'")
    await seeds.execute(
        database,
        "UPDATE code_locations SET error = CAST(:error AS jsonb)",
        error='{"type": "SyntaxError", "message": "invalid syntax\\nmore", "stack": []}',
    )
    await seeds.run(database, 1, "QUEUED")
    await seeds.execute(database, "UPDATE retention SET succeeded_at = now() - interval '1 day', error = 'disk full'")
    code, by_check = found(tmp_path, database_url)
    assert code == 1
    told = problems(by_check)
    processes = sorted(said for _, said, _ in told["processes"])
    assert processes == [
        "No process of role EVALUATE is alive, and 5 sensors are late.",
        "No process of role LAUNCH is alive, and 1 runs wait.",
    ]
    assert {remedy for _, _, remedy in told["processes"]} == {"Start `vedette evaluate`.", "Start `vedette launch`."}
    assert told["projects"][0][1] == "Code location shop does not load: SyntaxError: invalid syntax"
    latest = [said.partition(".")[0] for _, said, _ in told["lag"]]
    assert latest[3:] == ["2 more sensors are overdue"]
    assert all(re.fullmatch(r"Sensor s\d is overdue", said) for said in latest[:3])
    assert "disk full" in told["history"][0][1]
    assert by_check["queue"][0][0] == "WARNING"
    assert all(remedy for those in told.values() for _, _, remedy in those)


def test_a_database_that_is_away_or_of_no_version_is_told(empty_database_url: str, tmp_path: Path) -> None:
    code, by_check = found(tmp_path, "postgresql://me:secret@127.0.0.1:1/none")
    assert code == 1
    [(_, said, remedy)] = problems(by_check)["database"]
    assert "cannot be reached" in said
    assert "secret" not in said
    assert remedy == "Start it, or set VEDETTE_DATABASE_URL."
    code, by_check = found(tmp_path, empty_database_url)
    assert problems(by_check)["migrations"][0][2] == "Run `vedette migrate`."
    assert "lag" not in by_check


async def test_a_postgres_of_before_is_told_to_move(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "OLDEST_POSTGRES", 99)
    [only] = [finding async for finding in diagnosed.findings(database_url)]
    assert (only.check, only.severity) == ("database", Severity.PROBLEM)
    assert "Vedette needs 99 or later" in only.message
    assert only.remedy is not None
    assert only.remedy.startswith("Move to a newer Postgres")


def test_a_setting_that_there_is_not_is_a_problem(tmp_path: Path) -> None:
    done = doctor(tmp_path, VEDETTE_PROT="4500")
    assert done.returncode == 1
    assert "There is no setting VEDETTE_PROT" in done.stdout
    assert "1 problems, 0 warnings." in done.stdout


def test_without_any_database_it_says_how_to_get_one(tmp_path: Path) -> None:
    done = doctor(tmp_path)
    assert done.returncode == 1
    assert "→ Set VEDETTE_DATABASE_URL, or start `vedette dev`, which makes one." in done.stdout
    # It changes nothing.
    assert list(tmp_path.iterdir()) == []


async def test_a_role_that_lacks_rights_is_told_which(database_url: str, database: Database, tmp_path: Path) -> None:
    role = f"reader_{uuid4().hex}"
    await seeds.execute(database, f"CREATE ROLE {role} LOGIN")
    try:
        await seeds.execute(database, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
        code, by_check = found(tmp_path, database_url.replace("//vedette@", f"//{role}@"))
        assert code == 1
        told = [said for _, said, _ in problems(by_check)["permissions"]]
        assert len(told) == 2
        assert "may not read or write alembic_version," in told[0]
        assert "cannot make tables here" in told[1]
        await seeds.execute(database, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
        await seeds.execute(database, f"GRANT vedette TO {role}")
        _, by_check = found(tmp_path, database_url.replace("//vedette@", f"//{role}@"))
        assert "permissions" not in problems(by_check), by_check
    finally:
        await seeds.execute(database, f"DROP OWNED BY {role}")
        await seeds.execute(database, f"DROP ROLE {role}")


SOUND = Server("18.1", "vedette", False, False, 97, 10, [], 2**20, 0.0, 0.001)


@pytest.mark.parametrize(
    ("change", "check", "severity", "words"),
    [
        ({"is_standby": True}, "database", Severity.PROBLEM, "standby"),
        ({"unsafe": ["fsync"]}, "durability", Severity.PROBLEM, "fsync is off"),
        ({"connections_used": 90}, "connections", Severity.WARNING, "90 of 97"),
        ({"clock_ahead": 12.5}, "clock", Severity.WARNING, "12.5 s ahead of"),
        ({"clock_ahead": -12.5}, "clock", Severity.WARNING, "12.5 s behind"),
        ({"round_trip": 0.2}, "latency", Severity.WARNING, "200 ms"),
    ],
)
def test_what_a_server_says_of_itself_is_judged(
    change: dict[str, Any], check: str, severity: Severity, words: str
) -> None:
    assert all(one.severity is Severity.OK for one in diagnosed.of_server("postgresql://x/y", SOUND))
    judged = diagnosed.of_server("postgresql://x/y", SOUND._replace(**change))
    [bad] = [one for one in judged if one.severity is not Severity.OK]
    assert (bad.check, bad.severity) == (check, severity)
    assert words in bad.message
    assert bad.remedy


async def test_the_difference_of_the_clocks_is_measured(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    true = datetime.now(UTC).timestamp()
    monkeypatch.setattr(time, "time", lambda: true - 3600)
    server = await examining.server(database_url)
    assert 3590 < server.clock_ahead < 3700


async def test_notifications_that_do_not_arrive_are_noticed(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await examining.hears_itself(database_url)
    monkeypatch.setattr(examining, "NOTIFY_SECONDS", 0.2)

    async def deaf(*_: object) -> None:
        return

    # As a pooler that hands each transaction another connection.
    monkeypatch.setattr(asyncpg.Connection, "add_listener", deaf)
    assert not await examining.hears_itself(database_url)


def test_a_disk_that_is_full_or_nearly_so_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def severity(free: int, total: int = 100 * machine.GIB) -> Severity:
        usage = type("Usage", (), {"free": free, "total": total})
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
        [finding] = machine.disk(tmp_path / "not" / "there")
        return finding.severity

    assert severity(50 * machine.GIB) is Severity.OK
    assert severity(5 * machine.GIB) is Severity.WARNING
    assert severity(machine.GIB // 2) is Severity.PROBLEM


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root can mount a small disk.")
def test_a_disk_that_is_too_small_in_truth_is_told(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, timeout=30, check=False).returncode:
        pytest.skip("A file system cannot be mounted in this container.")
    try:
        done = doctor(tmp_path, "--json")
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], timeout=30, check=True)
    [disk] = [one for one in json.loads(done.stdout) if one["check"] == "disk"]
    assert disk["severity"] == "PROBLEM"
    assert "0.0 GiB of 0.0 GiB are free" in disk["message"]
    assert disk["remedy"].startswith("Make room")


def test_an_api_that_others_reach_and_too_few_files_are_told() -> None:
    assert [one.severity for one in machine.settings_found(Settings())] == [Severity.OK]
    told = list(machine.settings_found(Settings(host="0.0.0.0", poll_seconds=60)))
    assert [one.severity for one in told] == [Severity.PROBLEM, Severity.WARNING, Severity.OK]
    [few] = machine.files(Settings(max_connections=10**8))
    assert few.severity is Severity.WARNING
