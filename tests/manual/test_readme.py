"""What the README says to type is there."""

import re
import runpy
from pathlib import Path

from vedette import SensorDefinition

ROOT = Path(__file__).parents[2]


def test_the_sensors_that_are_shown_are_those_of_the_example() -> None:
    found = runpy.run_path(str(ROOT / "examples" / "inbox.py")).values()
    names = {value.name for value in found if isinstance(value, SensorDefinition)}
    shown = re.findall(r"vedette sensor show (\S+)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert shown
    assert set(shown) <= names
