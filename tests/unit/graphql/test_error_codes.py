import re
from pathlib import Path

from vedette import web
from vedette.graphql import errors

ROOT = Path(__file__).parents[3]


def test_every_code_is_in_the_manual() -> None:
    manual = (ROOT / "docs" / "protocols.md").read_text()
    codes = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, str)}
    for module in Path(str(web.__file__)).parent.glob("*.py"):
        codes |= set(re.findall(r'(?:refusal|RequestError)\(\s*(?:\d+,\s*)?"([A-Z_]+)"', module.read_text()))
    assert {"SYNTAX", "WRONG_HOST", "DRAINING", "METHOD_NOT_ALLOWED"} <= codes
    assert {code for code in codes if f"`{code}`" not in manual} == set()
