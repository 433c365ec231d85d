"""The deployment of `deploy/`: the commands and settings of its units, a user a process, a real nginx in front."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from e2e.nginx import nginx
from e2e.servers import free_port, wait_until
from reliability.proxy import Proxy
from serving import Api, Subscription

DEPLOY = Path(__file__).parents[2] / "deploy"
# As in a container: numbers without names.
USERS = {"migrate": 21000, "serve": 21001, "evaluate": 21002, "launch": 21003}
TICKS = "subscription Follow { ticks { __typename ... on TickChanged { tick { status } } } }"
RUNS = "query Runs { runs(first: 50) { edges { node { status runKey } } } }"
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="Only root can start processes of other users."),
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed (apt-get install nginx-light)."),
]


def becoming(user: int) -> list[str]:
    """Return what to put before a command so that it is executed by `user`; skips the test where that cannot be.

    The interpreter of the tests may lie where only root can look: then the user may read everything, and write nothing.
    """
    plain = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    reading = [*plain, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    for prefix in (plain, reading):
        # By way of a shell: what root may do lasts for one program.
        trial = [*prefix, "/bin/sh", "-c", 'exec "$0" -c "import vedette.cli.root"', sys.executable]
        if subprocess.run(trial, capture_output=True, timeout=60, check=False).returncode == 0:
            return prefix
    pytest.skip("Another user cannot execute the interpreter of these tests.")


class Unit:
    """A systemd unit as a process of this test: its command, user and settings; folders and ports are the test's."""

    def __init__(self, name: str, folder: Path, **changed: str) -> None:
        text = (DEPLOY / "systemd" / f"vedette-{name}.service").read_text(encoding="utf-8")
        self.user = USERS[name]
        assert re.search(r"^User=(.*)$", text, re.MULTILINE)[1] == f"vedette-{name}"  # type: ignore[index]  # it is there
        self.stop_seconds = float((re.search(r"^TimeoutStopSec=(.*)$", text, re.MULTILINE) or ["", "30"])[1])
        [command] = re.findall(r"^ExecStart=/opt/vedette/bin/vedette (.*)$", text, re.MULTILINE)
        self.words = command.replace("/srv/vedette", str(folder)).split()
        state = folder / "state" / f"vedette-{name}"
        state.mkdir(parents=True)
        os.chown(state, self.user, self.user)
        state.chmod(0o700)
        shared = (DEPLOY / "systemd" / "vedette.env").read_text(encoding="utf-8")
        pairs = [*re.findall(r"^(\w+)=(.*)$", shared, re.MULTILINE), *re.findall(r"(VEDETTE_\w+)=(\S+)", text)]
        environ = {key: value.replace("%S", str(folder / "state")) for key, value in pairs}
        self.environ = {**environ, "INBOX": str(folder / "inbox"), **changed}
        self.health_port = str(free_port())
        if "VEDETTE_HEALTH_PORT" in environ:
            self.environ["VEDETTE_HEALTH_PORT"] = self.health_port

    def start(self, log: Path) -> "subprocess.Popen[bytes]":
        inherited = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        with log.open("ab") as output:
            return subprocess.Popen(
                [*becoming(self.user), sys.executable, "-m", "vedette.cli", *self.words],
                stdout=output,
                stderr=output,
                env={**inherited, **self.environ, "TMPDIR": self.environ["VEDETTE_HOME"]},
                cwd="/",
                umask=0o077,
                start_new_session=True,
            )

    def token(self) -> str:
        """Make a token, as an operator does on the machine."""
        words = ["-m", "vedette.cli", "token", "create", "--name", "test", "--role", "operator", "--json"]
        environ = {"PATH": os.environ["PATH"], **self.environ}
        made = subprocess.run(
            [*becoming(self.user), sys.executable, *words],
            capture_output=True,
            timeout=60,
            check=True,
            env=environ,
            cwd="/",
        )
        return str(json.loads(made.stdout)["secret"])

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.health_port}/readyz", timeout=10).status_code == 200
        except httpx.TransportError:
            return False


def statuses(url: str, headers: dict[str, str]) -> dict[str, str]:
    try:
        answer = httpx.post(url, json={"query": RUNS}, headers=headers, timeout=30).json()
    except (httpx.TransportError, json.JSONDecodeError):
        return {}
    return {edge["node"]["runKey"]: edge["node"]["status"] for edge in answer["data"]["runs"]["edges"]}


async def items_by_stream(url: str, given: dict[str, str], touch: Path) -> list[dict[str, Any]]:
    """Subscribe by an event stream; once it is open make `touch`, and return what comes until a run was asked for."""
    found: list[dict[str, Any]] = []
    headers = {**given, "accept": "text/event-stream"}
    async with (
        asyncio.timeout(30),
        httpx.AsyncClient(timeout=30) as client,
        client.stream("POST", f"{url}/stream", json={"query": TICKS}, headers=headers) as response,
    ):
        assert response.status_code == 200
        async for line in response.aiter_lines():
            if line == ":":
                await asyncio.to_thread(touch.touch)
            elif line.startswith("data: "):
                found.append(json.loads(line.removeprefix("data: "))["data"]["ticks"])
                if found[-1].get("tick", {}).get("status") == "SUCCESS":
                    return found
    return found


async def items_by_websocket(address: str, given: dict[str, str], touch: Path) -> list[dict[str, Any]]:
    """The same by a websocket."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(30), httpx.AsyncClient() as client:
        api = Api(address.replace("127.0.0.1", "localhost"), client)
        async with api.connect(additional_headers={"authorization": given["authorization"]}) as socket:
            subscription = Subscription(socket)
            await subscription.start(TICKS)
            await asyncio.to_thread(touch.touch)
            while not found or found[-1].get("tick", {}).get("status") != "SUCCESS":
                found.append((await subscription.next())["ticks"])
    return found


@pytest.mark.slow
def test_each_process_has_a_user_of_its_own_and_nginx_passes_all_on(database_url: str, tmp_path: Path) -> None:
    # The folders above belong to whoever runs the tests.
    for above in (tmp_path, *tmp_path.parents[:2]):
        above.chmod(above.stat().st_mode | 0o755)
    inbox, log, api_port, proxy_port = tmp_path / "inbox", tmp_path / "log.txt", str(free_port()), free_port()
    inbox.mkdir()
    log.touch()
    shutil.copy(DEPLOY / "project" / "project.py", tmp_path / "project.py")
    with Proxy(database_url) as database, ExitStack() as stack:
        changed = {"VEDETTE_DATABASE_URL": database.url, "VEDETTE_PORT": api_port}
        changed["VEDETTE_ALLOWED_HOSTS"] = "vedette.example.com"
        units = {name: Unit(name, tmp_path, **changed) for name in USERS}
        migration = units["migrate"].start(log)
        assert migration.wait(60) == 0, log.read_text()
        headers = {"host": "vedette.example.com", "authorization": f"Bearer {units['migrate'].token()}"}
        running = {name: units[name].start(log) for name in ("serve", "evaluate", "launch")}
        for process in running.values():
            stack.callback(process.wait, 10)
            stack.callback(process.kill)
        stack.enter_context(nginx(tmp_path, proxy_port, api_port))
        for name in running:
            wait_until(units[name].is_ready, f"{name} to be ready: {log.read_text()}", 60)
        address = f"http://127.0.0.1:{proxy_port}"
        url = f"{address}/graphql"

        # A request, and the id that nginx gave it.
        answer = httpx.post(url, json={"query": "{ instance { version } }"}, headers=headers)
        assert answer.json()["data"]["instance"]["version"]
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
        # The page.
        page = httpx.get(address, headers={"accept": "text/html", "host": "vedette.example.com"})
        assert page.headers["content-type"].startswith("text/html")
        # Streams of both kinds, each item as soon as it is there.
        began = time.monotonic()
        assert asyncio.run(items_by_stream(url, headers, inbox / "by-stream"))
        assert asyncio.run(items_by_websocket(address, headers, inbox / "by-websocket"))
        assert time.monotonic() - began < 40
        wait_until(lambda: list(statuses(url, headers).values()) == ["SUCCESS"] * 2, "two runs that end well")

        for name, process in running.items():
            tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            assert {each.uids().real for each in tree} == {USERS[name]}, name
        # What one of them keeps is not for the others to write.
        other = [*becoming(USERS["launch"]), "touch", f"{units['evaluate'].environ['VEDETTE_HOME']}/mine"]
        assert subprocess.run(other, capture_output=True, timeout=30, check=False).returncode != 0

        for name in ("launch", "evaluate", "serve"):
            running[name].terminate()
            assert running[name].wait(units[name].stop_seconds) == 0, log.read_text()
    assert all(json.loads(line)["level"] != "error" for line in log.read_text().splitlines() if line.startswith("{"))
