"""Every word of the command line: its help, its options, and what is wrong with how it is called."""

import json
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner, Result

from vedette.cli.lazy import LazyGroup
from vedette.cli.root import vedette


def call(*words: str) -> Result:
    return CliRunner().invoke(vedette, words, prog_name="vedette")


def commands(group: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, group
    if isinstance(group, LazyGroup):
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("word", ["serve", "dev"])
def test_beyond_the_own_machine_a_server_starts_for_those_alone_whom_it_recognises(word: str) -> None:
    target = [__file__] if word == "dev" else []
    done = call(word, *target, "--host", "0.0.0.0")
    assert done.exit_code == 2
    assert "no authentication is configured" in done.output
    assert "--insecure" in done.output


def test_every_word_has_its_help_and_its_name() -> None:
    found = dict(commands(vedette))
    assert len(found) >= 25
    for path, command in found.items():
        done = call(*path, "--help")
        assert done.exit_code == 0, (path, done.output)
        assert " ".join(("Usage: vedette", *path)) in done.output
        assert command.help
        assert not path or command.name == path[-1]


def test_every_word_that_asks_a_server_has_json_and_an_example() -> None:
    for path, command in commands(vedette):
        options = {name for parameter in command.params for name in parameter.opts}
        if "--url" not in options:
            continue
        assert "--json" in options, path
        assert " ".join(("vedette", *path)) in (command.help or ""), f"{path} has no example"


def test_lists_of_words_and_clients_load_no_server() -> None:
    for words in (["--help"], ["sensor", "list", "--url", "http://127.0.0.1:1"], ["tick", "list", "--url", "x"]):
        script = (
            "import sys; from vedette.cli import main\n"
            f"sys.argv[1:] = {words!r}\n"
            "try: main()\n"
            "except SystemExit: pass\n"
            "print(*sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
        loaded = set(done.stdout.splitlines()[-1].split())
        assert not loaded & {"sqlalchemy", "strawberry", "graphql", "starlette", "uvicorn", "websockets", "uvloop"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sensor", "start"], "Name one sensor or more, or say --all."),
        (["sensor", "start", "a", "--all"], "Name one sensor or more, or say --all."),
        (["sensor", "reset"], "Name one sensor or more."),
        (["sensor", "cursor", "a", "--set", "x", "--clear"], "Say one of --set, --delete and --history."),
        (["sensor", "cursor", "a", "--expect", "3"], "--expect goes with --set or --delete."),
        (["sensor", "list", "--running", "--stopped"], "Say one of --running, --stopped and --status."),
        (["sensor", "preview", "a", "--since", "soon"], "--since soon is no time"),
        (["sensor", "preview", "a", "--cursor", "x", "--no-cursor"], "Say one of --cursor and --no-cursor."),
        (["sensor", "list", "--url", "nowhere"], "--url nowhere is not an address"),
        (["run", "launch", "j", "--config", "{"], "--config is not JSON"),
        (["run", "launch", "j", "--config", "[]"], "--config is not a JSON object"),
        (["run", "launch", "j", "--config", "@missing.json"], "--config @missing.json cannot be read"),
        (["run", "launch", "j", "--tag", "x"], "'x' is not a pair; write it as key=value."),
        (["run", "list", "--status", "done"], "'done' is not one of"),
        (["tick", "list", "--first", "0"], "0 is not in the range"),
        (["sensors"], "No such command 'sensors'"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(words: list[str], said: str) -> None:
    done = call(*words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("Error: ") == 1
    assert done.stdout == ""


def test_a_bad_setting_is_one_line_and_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEDETTE_PORT", "http")
    for words in (["sensor", "list"], ["settings"]):
        done = call(*words)
        assert done.exit_code == 2
        assert done.stderr.startswith("Error: VEDETTE_PORT='http' is not a valid port")


def test_settings_tell_where_each_value_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEDETTE_PORT", "4711")
    monkeypatch.setenv("VEDETTE_DATABASE_URL", "postgresql://me:hunter2@db/vedette")
    listed = {row["name"]: row for row in json.loads(call("settings", "--json").stdout)}
    assert (listed["port"]["value"], listed["port"]["source"]) == (4711, "environment VEDETTE_PORT")
    assert (listed["host"]["value"], listed["host"]["source"]) == ("127.0.0.1", "default")
    table = call("settings").stdout
    assert "VEDETTE_PORT" in table
    for shown in (table, json.dumps(listed)):
        assert "hunter2" not in shown
        assert "db/vedette" in shown


def test_the_version_is_printed() -> None:
    done = call("--version")
    assert done.exit_code == 0
    assert done.output.startswith("vedette ")
