from pathlib import Path

import pytest
from checks import client_types


def test_the_types_of_the_client_are_those_of_the_schema() -> None:
    assert client_types.is_fresh()


@pytest.mark.parametrize("source", ["SCHEMA", "OPERATIONS"])
def test_types_of_another_schema_or_of_other_operations_are_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    changed = tmp_path / "changed.graphql"
    changed.write_bytes(getattr(client_types, source).read_bytes() + b"\n# one more\n")
    monkeypatch.setattr(client_types, source, changed)
    assert not client_types.is_fresh()
