"""What a migration may do to a database with everybody at work."""

from pathlib import Path

import pytest

from vedette.storage.migrations import rules
from vedette.storage.migrations.migrating import VERSIONS

CONTRACTS = 'oldest_code = "0002"\nway_back = "Nobody reads it since 0001."'


def judged(folder: Path, body: str, head: str = "") -> str:
    path = folder / "v0002_test.py"
    path.write_text(f"{head}\ndef upgrade():\n    {body}\n")
    return " ".join(rules.broken(path))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('op.add_column("ticks", sa.Column("a", sa.Text(), nullable=False))', "cannot be added to rows"),
        ('op.create_index("ix", "ticks", ["a"])', "steps.create_index"),
        ('op.drop_column("ticks", "a")', "says oldest_code"),
        ('op.alter_column("ticks", "a", type_=sa.Text())', "says oldest_code"),
        ('op.create_foreign_key("a", "b", "c", [], [])', "every row"),
        ('op.add_column("a", sa.Column("b", sa.Text())); create_index("ix", "a", "b")', "a version of its own"),
    ],
)
def test_what_holds_everybody_up_or_takes_away_is_refused(tmp_path: Path, body: str, said: str) -> None:
    assert said in judged(tmp_path, body)


@pytest.mark.parametrize(
    ("body", "head"),
    [
        ('op.add_column("ticks", sa.Column("a", sa.Text()))', ""),
        ('op.add_column("ticks", sa.Column("a", sa.Text(), nullable=False, server_default=""))', ""),
        ('op.create_table("a", sa.Column("b", sa.Text()))', ""),
        ('create_index("ix", "ticks", "a")', ""),
        ('op.drop_column("ticks", "a")', CONTRACTS),
    ],
)
def test_what_a_live_database_bears_is_accepted(tmp_path: Path, body: str, head: str) -> None:
    assert judged(tmp_path, body, head) == ""


def test_what_takes_away_says_the_way_back_or_why_there_is_none(tmp_path: Path) -> None:
    drops = 'op.drop_column("ticks", "a")'
    for head in ('oldest_code = "0002"', 'oldest_code = "0002"\nway_back = ""'):
        assert "says in way_back" in judged(tmp_path, drops, head)
    assert judged(tmp_path, drops, CONTRACTS) == ""


def test_the_versions_keep_to_the_rules() -> None:
    assert [line for path in VERSIONS.glob("v*.py") for line in rules.broken(path)] == []
