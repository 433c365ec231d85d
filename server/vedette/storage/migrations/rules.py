"""The rules of migrations, which a database with everybody at work has to bear, and the check that holds them.

A release *expands*: it adds tables, columns that may be null or have a constant default, and indexes that are built
while everybody works. The code of the release before goes on with that, and is replaced process by process. What
nobody uses any more is dropped a release later: such a version *contracts* and says `oldest_code = "…"`, the version of
the oldest code that can do without it; older code refuses to start on it.

The way back from a version that expands is to start the processes of before again: the database stays as it is, and has
all that they know. One that contracts says in `way_back = "…"` what makes good what it drops, or why nothing can.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

# The foundation: nobody was at work before it.
FIRST = "0001"
CONTRACTS = {"drop_column", "drop_table", "drop_index", "drop_constraint", "alter_column", "rename_table"}
REFUSED = {
    "create_index": "builds under a lock: use vedette.storage.migrations.steps.create_index",
    "create_foreign_key": "looks at every row under a lock: history has no foreign keys, add others NOT VALID",
    "create_unique_constraint": "builds under a lock: make a unique index concurrently and add it USING INDEX",
    "create_check_constraint": "looks at every row under a lock: add it NOT VALID and validate it in a later version",
    "create_primary_key": "builds under a lock",
    "bulk_insert": "belongs into the code: what a migration writes, it writes in small batches",
}


def broken(path: Path) -> list[str]:
    """Return what a version does that a live database does not bear, one sentence each that names the line."""
    tree = ast.parse(path.read_text())
    if path.name.startswith(f"v{FIRST}_"):
        return []
    said = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    contracts = "oldest_code" in said
    found = list(_broken(tree, contracts))
    if contracts and not said.get("way_back"):
        found.append((1, "a version that takes away says in way_back what makes it good, or why nothing can"))
    return [f"{path.name}:{line}: {what}." for line, what in found]


def _broken(tree: ast.Module, contracts: bool) -> Iterator[tuple[int, str]]:
    steps = 0
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute | ast.Name):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        of_op = isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "op"
        steps += of_op or name == "create_index"
        if of_op and name in REFUSED:
            yield node.lineno, f"op.{name} {REFUSED[name]}"
        elif of_op and name in CONTRACTS and not contracts:
            yield node.lineno, f"op.{name} takes away what running code uses: a version that does so says oldest_code"
        elif of_op and name == "add_column" and not _is_light(node):
            yield (
                node.lineno,
                "a column that is NOT NULL without a server_default cannot be added to rows that are there",
            )
        elif name == "create_index" and not of_op and steps > 1:
            yield node.lineno, "create_index commits what came before it: give it a version of its own"


def _is_light(call: ast.Call) -> bool:
    """Tell whether a column can be added without a look at the rows."""
    columns = [argument for argument in call.args if isinstance(argument, ast.Call)]
    given = {keyword.arg: keyword.value for column in columns for keyword in column.keywords}
    nullable = given.get("nullable")
    return "server_default" in given or not (isinstance(nullable, ast.Constant) and nullable.value is False)
