import subprocess
import sys

import pytest

import vedette


def test_importing_vedette_is_light() -> None:
    """User code's processes import it: no SQL, no GraphQL, no HTTP behind it."""
    code = "import sys; from vedette import op; print(*sorted(name for name in sys.modules if '.' not in name))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "pydantic" in loaded
    heavy = {"sqlalchemy", "asyncpg", "strawberry", "graphql", "starlette", "httpx", "rich", "click", "watchfiles"}
    assert not heavy & set(loaded)


def test_a_name_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AttributeError, match="module 'vedette' has no attribute 'senser'"):
        _ = vedette.senser


def test_everything_in_all_is_there() -> None:
    assert sorted(vedette.__all__) == vedette.__all__
    assert all(hasattr(vedette, name) for name in vedette.__all__)


def test_info_of_standard_logging_is_captured_where_nobody_set_logging_up() -> None:
    code = """
import logging, vedette
@vedette.sensor
def watcher(): logging.getLogger("mine").info("said")
print(*[record.message for record in watcher.evaluate_tick().logs])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("said\n", "")
