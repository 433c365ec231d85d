"""Refuses changes of `schema.graphql` that break clients, unless `schema-changes.toml` approves them with a reason.

The schema is compared with that of the last commit on main: where this branch left it, or, on main itself, with the
commit before. In a clone that holds neither, it is compared with the commit that is checked out, which finds what is
not committed yet.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

from graphql import GraphQLSchema, build_schema
from graphql.utilities import find_breaking_changes

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


def breaking(before: GraphQLSchema, now: GraphQLSchema) -> list[str]:
    """Return the changes that break clients, each as `KIND: what changed`."""
    return sorted(f"{change.type.name}: {change.description}" for change in find_breaking_changes(before, now))


def approved(folder: Path) -> set[str]:
    """Return the changes that are approved; one without a reason is not."""
    file = folder / APPROVALS
    entries = tomllib.loads(file.read_text()).get("approved", []) if file.is_file() else []
    return {entry["change"] for entry in entries if entry.get("reason", "").strip()}


def unapproved(folder: Path) -> list[str]:
    """Return the breaking changes of the schema in `folder` that nobody approved."""
    commit = baseline(folder)
    before = git(folder, "show", f"{commit}:{SCHEMA}") if commit is not None else None
    if before is None:
        return []
    found = breaking(build_schema(before), build_schema((folder / SCHEMA).read_text()))
    allowed = approved(folder)
    return [change for change in found if change not in allowed]


def main(folder: Path = ROOT) -> int:
    """Say which changes break clients; return the exit code."""
    changes = unapproved(folder)
    if not changes:
        return 0
    print(f"{SCHEMA} breaks clients of the last commit on main:")
    for change in changes:
        print(f"  {change}")
    print(f"Keep what was there and deprecate it, or approve the change in {APPROVALS} with its name and a reason.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
