"""Documents of released versions: kept as they were sent, and held against every schema that comes after."""

import shutil
from pathlib import Path

import pytest
from checks.released_documents import NOW, flaws, kept, main, sent
from checks.schema_changes import ROOT, SCHEMA


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project, with its schema."""
    shutil.copy(ROOT / SCHEMA, tmp_path)
    return tmp_path


def test_what_is_sent_now_and_what_was_released_fits_the_schema() -> None:
    assert main(arguments=[]) == 0
    places = {place.partition(".")[0] for place in sent()}
    assert places == {"interface", "vedette"}
    assert {"vedette.cli.sensors.sensor_documents.LIST", "vedette.client.generated.documents.FollowTicks"} <= set(
        sent()
    )


def test_a_version_is_kept_as_it_was_sent(folder: Path) -> None:
    assert main(folder, ["--keep", "1.0.0"]) == 0
    assert {place: text.strip() for place, text in kept(folder)["1.0.0"].items()} == {
        place: text.strip() for place, text in sent().items()
    }
    assert main(folder, []) == 0


def test_a_schema_that_an_old_client_does_not_fit_is_refused_by_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(folder, ["--keep", "1.0.0"])
    schema = folder / SCHEMA
    schema.write_text(schema.read_text().replace("  minimumIntervalSeconds: Float!\n", "  everySeconds: Float!\n"))
    assert main(folder, []) == 1
    said = capsys.readouterr().out
    assert "1.0.0 vedette.cli.sensors.sensor_documents." in said
    assert "minimumIntervalSeconds" in said
    assert "keep what it asks for" in said


def test_what_is_no_document_is_named(folder: Path) -> None:
    assert flaws(folder, {NOW: {"a": "{", "b": "{ instance { version } }"}}) == [
        "now a: Syntax Error: Expected Name, found <EOF>."
    ]
