"""Resources in real processes: those that live as long as their host survive between ticks, and end with it."""

from pathlib import Path

import pytest

from integration.hosts.projects import Project, evaluate, until

PROJECT = """
from pathlib import Path

HERE = Path(__file__).parent

def note(text):
    with (HERE / "notes").open("a") as notes:
        notes.write(f"{text} {os.getpid()}\\n")

class Pool(ConfigurableResource, lifetime="process"):
    dsn: str

    def setup_for_execution(self, context):
        note("up")

    def teardown_after_execution(self, context):
        note("down")

class Session(ConfigurableResource):
    pool: Pool

    def setup_for_execution(self, context):
        note("session")

@sensor()
def uses(context, pool: Pool, session: Session):
    print("dsn", pool.dsn)
    return SkipReason(f"{os.getpid()} {id(pool) == id(session.pool)} {pool.dsn}")

@op
def works(pool: Pool):
    note("run")

@job
def runs():
    works()

pool = Pool(dsn=EnvVar("POOL_DSN"))
defs = Definitions(sensors=[uses], jobs=[runs], resources={"pool": pool, "session": Session(pool=pool)})
"""


async def test_a_pool_survives_between_ticks_and_is_torn_down_on_reload_and_at_the_end(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POOL_DSN", "postgres-secret-dsn")
    project.write(PROJECT)
    notes = tmp_path / "notes"

    def lines() -> list[str]:
        return [line.split()[0] for line in notes.read_text().splitlines()]

    async with project.served() as location:
        await until(lambda: location.catalog, "the import", 60.0)
        assert not notes.exists()
        evaluations = [await evaluate(location, "uses") for _ in range(3)]
        pid = notes.read_text().split()[1]
        assert [one.skip_reason for one in evaluations] == [f"{pid} True [EnvVar POOL_DSN]"] * 3
        assert [record.message for record in evaluations[0].logs] == ["dsn [EnvVar POOL_DSN]"]
        assert lines() == ["up", "session", "session", "session"]
        await location.reload()
        await until(lambda: lines()[-1] == "down", "the end of the pool")
        assert (await evaluate(location, "uses")).skip_reason != evaluations[0].skip_reason
    assert lines() == ["up", "session", "session", "session", "down", "up", "session", "down"]
