"""The gate of schema.graphql, on repositories of its own."""

import subprocess
from pathlib import Path

import pytest
from checks.schema_changes import APPROVALS, main

OLD = "type Query { name(first: Int): String, gone: Int }"
BREAKING = "type Query { name(first: Int!): String }"
GOOD = "type Query { name(first: Int): String, gone: Int, added: Int }"


class Repository:
    """A clone with a schema."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(self, *arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *identity, *arguments], cwd=self.folder, check=True, capture_output=True, timeout=30)

    def write(self, schema: str) -> None:
        (self.folder / "schema.graphql").write_text(schema)

    def commit(self, schema: str) -> None:
        self.write(schema)
        self.git("add", ".")
        self.git("commit", "--allow-empty", "-m", "x")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder = tmp_path / "clone"
    folder.mkdir()
    repository = Repository(folder)
    repository.git("init")
    repository.commit(OLD)
    return repository


def test_what_is_not_committed_is_compared_with_the_only_commit(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(repository.folder) == 0
    repository.write(GOOD)
    assert main(repository.folder) == 0
    repository.write(BREAKING)
    assert main(repository.folder) == 1
    said = capsys.readouterr().out
    assert "FIELD_REMOVED: " in said
    assert "ARG_CHANGED_KIND: " in said
    assert APPROVALS in said


def test_a_branch_is_compared_with_where_it_left_main(repository: Repository) -> None:
    repository.git("checkout", "-b", "branch")
    repository.commit(BREAKING)
    repository.commit(BREAKING)
    assert main(repository.folder) == 1
    repository.commit(GOOD)
    assert main(repository.folder) == 0


def test_on_main_the_commit_before_counts(repository: Repository) -> None:
    repository.commit(BREAKING)
    assert main(repository.folder) == 1
    repository.commit(BREAKING)
    assert main(repository.folder) == 0


def test_a_shallow_clone_without_main_compares_with_what_is_checked_out(repository: Repository, tmp_path: Path) -> None:
    repository.commit(BREAKING)
    shallow = Repository(tmp_path / "shallow")
    shallow.folder.mkdir()
    shallow.git("init")
    shallow.git("fetch", "--depth=1", f"file://{repository.folder}", "main")
    shallow.git("checkout", "--detach", "FETCH_HEAD")
    assert main(shallow.folder) == 0
    shallow.write("type Query { other: Int }")
    assert main(shallow.folder) == 1


def test_without_git_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    (tmp_path / "schema.graphql").write_text(OLD)
    assert main(tmp_path) == 0


def test_each_change_is_told_with_what_it_means_to_clients(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    before = "enum Kind { A, B } union Thing = One type One { a: Int } type Query { kind: Kind, thing: Thing }"
    for _ in range(2):
        # On main it is the commit before that counts.
        repository.commit(before)
    repository.write(
        """enum Kind { A, B, C } union Thing = One | Two type One { a: Int, b: Int } type Two { a: Int }
        type Query { kind(by: Int): Kind }"""
    )
    assert main(repository.folder) == 1
    said = [line.split(": ")[:2] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert sorted(map(tuple, said)) == [
        ("  breaking", "FIELD_REMOVED"),
        ("  dangerous", "OPTIONAL_ARG_ADDED"),
        ("  dangerous", "TYPE_ADDED_TO_UNION"),
        ("  dangerous", "VALUE_ADDED_TO_ENUM"),
        ("  safe", "FIELD_ADDED"),
        ("  safe", "TYPE_ADDED"),
    ]


@pytest.mark.parametrize(("reason", "code"), [("nobody asks for it", 0), ("", 1)])
def test_a_change_is_approved_by_name_and_reason(repository: Repository, reason: str, code: int) -> None:
    repository.write("type Query { name(first: Int): String }")
    approval = f'[[approved]]\nchange = "FIELD_REMOVED: Field Query.gone was removed."\nreason = "{reason}"\n'
    (repository.folder / APPROVALS).write_text(approval)
    assert main(repository.folder) == code
