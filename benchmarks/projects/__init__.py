"""The work that is measured, the same for both: Vedette's names are the incumbent's, so only the import differs."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent


def source(name: str, library: str = "vedette", **constants: object) -> str:
    """Return the text of a project of this folder for `library`, its module constants (in capitals) set to these."""
    text = (FOLDER / f"{name}.py").read_text()
    text = re.sub(r"^from vedette import", f"from {library} import", text, flags=re.MULTILINE)
    for constant, value in constants.items():
        text, found = re.subn(
            rf"^{constant.upper()} = .*$", f"{constant.upper()} = {value!r}", text, flags=re.MULTILINE
        )
        if found != 1:
            raise ValueError(f"benchmarks/projects/{name}.py has no constant {constant.upper()}")
    return text
