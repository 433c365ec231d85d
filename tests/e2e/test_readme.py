"""The README tells the truth: its sensor works as it stands there, and the words that it names exist."""

import re
from pathlib import Path

from e2e.servers import DevServer, wait_until

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_sensor_of_the_readme_greets_whoever_arrives(dev_server: DevServer) -> None:
    found = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert found is not None
    guests = dev_server.project / "guests"
    guests.mkdir()
    dev_server.write(found[1].replace('Path("guests")', f"Path({str(guests)!r})"))
    dev_server.start()

    (guests / "ada").touch()

    query = "{ runs(filter: {status: [SUCCESS]}) { edges { node { runKey logs { edges { node { message } } } } } } }"
    [edge] = wait_until(lambda: dev_server.query(query)["runs"]["edges"], "the run of the README's sensor")
    assert edge["node"]["runKey"] == "ada"
    assert "hello, ada" in [line["node"]["message"] for line in edge["node"]["logs"]["edges"]]


def test_the_words_of_make_that_the_readme_names_exist() -> None:
    words = set(re.findall(r"(?:`|    )make ([a-z]+)", README))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert words
    assert words <= targets


def test_the_files_that_the_readme_names_exist() -> None:
    named = re.findall(r"`([a-z/]+/|[a-z_./]+\.(?:graphql|toml|lock))`", README) + re.findall(r"\]\(([^)h]+)\)", README)
    assert named
    assert [path for path in named if not (ROOT / path).exists() and path != ".vedette/" and path != ".venv"] == []
