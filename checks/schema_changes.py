"""Tells what changed in `schema.graphql`, and refuses what breaks clients, unless `schema-changes.toml` approves it.

Changes are breaking, dangerous (a client meets what it did not know, and passes it over as docs/api.md says) or safe.

The schema is compared with that of the last commit on main: where this branch left it, or, on main itself, with the
commit before. In a clone that holds neither, it is compared with the commit that is checked out, which finds what is
not committed yet.
"""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

from graphql import GraphQLSchema, build_schema
from graphql.utilities import BreakingChange, DangerousChange, SafeChange, SchemaChange, find_schema_changes

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = "schema.graphql"
APPROVALS = "schema-changes.toml"
BRANCHES = ("origin/main", "main")
GIT_SECONDS = 30.0


def git(folder: Path, *arguments: str) -> str | None:
    """Return what git prints; None where it fails or is not there."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=GIT_SECONDS, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def baseline(folder: Path) -> str | None:
    """Return the commit to compare with; None where there is none."""
    head = git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if head is None:
        return None
    for branch in BRANCHES:
        left = git(folder, "merge-base", "HEAD", branch)
        if left is not None and left != head:
            return left.strip()
    parent = git(folder, "rev-parse", "--verify", "--quiet", "HEAD^")
    return (parent or head).strip()


class Changes(NamedTuple):
    """What changed, by what it means to clients; each as `KIND: what changed`."""

    breaking: tuple[str, ...] = ()
    dangerous: tuple[str, ...] = ()
    safe: tuple[str, ...] = ()


def changes(before: GraphQLSchema, now: GraphQLSchema) -> Changes:
    """Return what changed between two schemas."""
    found = find_schema_changes(before, now)
    kinds = (BreakingChange, DangerousChange, SafeChange)
    return Changes(*(tuple(sorted(map(_named, (one for one in found if isinstance(one, kind))))) for kind in kinds))


def _named(change: SchemaChange) -> str:
    return f"{change.type.name}: {change.description}"


def approved(folder: Path) -> set[str]:
    """Return the changes that are approved; one without a reason is not."""
    file = folder / APPROVALS
    entries = tomllib.loads(file.read_text()).get("approved", []) if file.is_file() else []
    return {entry["change"] for entry in entries if entry.get("reason", "").strip()}


def changed(folder: Path) -> Changes:
    """Return what changed in the schema of `folder` since the last commit on main."""
    commit = baseline(folder)
    before = git(folder, "show", f"{commit}:{SCHEMA}") if commit is not None else None
    if before is None:
        return Changes()
    return changes(build_schema(before), build_schema((folder / SCHEMA).read_text()))


def main(folder: Path = ROOT) -> int:
    """Say what changed, and whether any of it breaks clients without being approved; return the exit code."""
    found, allowed = changed(folder), approved(folder)
    for kind, each in found._asdict().items():
        for change in each:
            print(f"  {kind}{' (approved)' if change in allowed else ''}: {change}")
    if all(change in allowed for change in found.breaking):
        return 0
    print(f"{SCHEMA} breaks clients of the last commit on main.")
    print(f"Keep what was there and deprecate it, or approve the change in {APPROVALS} with its name and a reason.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
