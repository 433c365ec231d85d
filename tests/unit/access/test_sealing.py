"""Sealing of secret values: with the deployment's key, or one beside the embedded database."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vedette.access.sealing import FILE, NoSecretKey, Sealer
from vedette.errors import InvalidSetting
from vedette.settings import Settings, load

OLD, NEW = "old " * 8, "new " * 8
URL = "postgresql://elsewhere/vedette"


def sealer(key: str | None) -> Sealer:
    return Sealer(load({"secret_key": key, "database_url": URL}, {})[0])


@pytest.mark.parametrize("value", ["plum", 7, ["a", {"b": None}], ""])
def test_what_is_sealed_says_nothing_and_opens_again(value: object) -> None:
    text = sealer(OLD).seal(value)
    assert "plum" not in text
    assert sealer(OLD).open(text) == value
    assert sealer(OLD).seal(value) != text


def test_a_key_can_change() -> None:
    text = sealer(OLD).seal("plum")
    assert sealer(f"{NEW},{OLD}").open(text) == "plum"
    with pytest.raises(NoSecretKey, match="sealed with another key"):
        sealer(NEW).open(text)
    with pytest.raises(NoSecretKey, match="sealed with another key"):
        sealer(OLD).open(text[:-4] + "AAA=")


def test_without_a_key_nothing_is_sealed_and_the_remedy_is_said() -> None:
    with pytest.raises(NoSecretKey, match=r"set VEDETTE_SECRET_KEY.*env"):
        sealer(None).seal("plum")


def test_a_key_that_could_be_guessed_is_refused_and_not_shown() -> None:
    with pytest.raises(InvalidSetting) as refused:
        load({}, {"VEDETTE_SECRET_KEY": "hunter2"})
    assert "secret_key" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_beside_the_embedded_database_one_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    with ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(lambda _: Sealer(settings).seal("plum"), range(8)))
    assert {Sealer(settings).open(text) for text in texts} == {"plum"}
    assert [file.name for file in settings.home.iterdir()] == [FILE]
    assert stat.S_IMODE((settings.home / FILE).stat().st_mode) == 0o600
