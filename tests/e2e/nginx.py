"""A real nginx with the example of `deploy/proxy/`."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import httpx

from e2e.servers import wait_until

EXAMPLE = Path(__file__).parents[2] / "deploy" / "proxy" / "nginx.conf"
KINDS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@contextmanager
def nginx(folder: Path, port: int, *servers: str, changes: Mapping[str, str] = MappingProxyType({})) -> Iterator[None]:
    """Run nginx on `port` before servers on these ports of this machine; `changes` are made to the example."""
    site = EXAMPLE.read_text(encoding="utf-8").replace("listen 8080;", f"listen 127.0.0.1:{port};")
    [line] = [line for line in site.splitlines() if ":4400" in line]
    site = site.replace(line, "\n".join(line.replace(":4400", f":{server}") for server in servers))
    paths = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in KINDS)
    for line, other in changes.items():
        assert line in site
        site = site.replace(line, other)
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n"
        f"events {{}}\nhttp {{ access_log off;\n{paths}{site}}}\n"
    )
    running = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(file)])
    try:
        wait_until(lambda: _answers(port), "an answer of nginx")
        yield
    finally:
        running.terminate()
        running.wait(10)


def _answers(port: int) -> bool:
    try:
        return bool(httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code)
    except httpx.TransportError:
        return False
