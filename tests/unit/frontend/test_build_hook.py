"""The hook that builds the pages, and the pages that it left."""

import gzip
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest
from checks.interface_documents import interface_documents

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "server" / "vedette" / "web" / "static"


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The hook, on a frontend of its own."""
    spec = importlib.util.spec_from_file_location("build_hook", ROOT / "frontend" / "build_hook.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "FRONTEND", tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.ts").write_text("1")
    return module


def test_the_digest_is_that_of_the_inputs_and_not_of_what_tools_make(hook: ModuleType, tmp_path: Path) -> None:
    before = hook.inputs_digest()
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "x.js").write_text("2")
    (tmp_path / "src" / "gql").mkdir()
    (tmp_path / "src" / "gql" / "graphql.ts").write_text("2")
    assert hook.inputs_digest() == before
    (tmp_path / "src" / "main.ts").write_text("3")
    assert hook.inputs_digest() != before


def test_another_schema_makes_the_types_and_pages_anew(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hook.SCHEMA == ROOT / "schema.graphql"
    before = hook.inputs_digest()
    changed = tmp_path.with_suffix(".graphql")
    changed.write_bytes(hook.SCHEMA.read_bytes() + b"\n")
    monkeypatch.setattr(hook, "SCHEMA", changed)
    assert hook.inputs_digest() != before


def test_a_file_that_is_renamed_changes_the_digest(hook: ModuleType, tmp_path: Path) -> None:
    before = hook.inputs_digest()
    (tmp_path / "src" / "main.ts").rename(tmp_path / "src" / "other.ts")
    assert hook.inputs_digest() != before


def test_a_registry_out_of_reach_is_one_line(hook: ModuleType) -> None:
    said = hook.reason("npm ci", "npm error code ECONNREFUSED\nnpm error errno ECONNREFUSED\n")
    assert said.startswith("the npm registry cannot be reached")
    assert "\n" not in said


def test_what_is_wrong_with_our_own_files_is_passed_on(hook: ModuleType) -> None:
    with pytest.raises(hook.FrontendNotBuilt, match=r"(?s)node failed while building frontend/:.*told so"):
        hook.run("node", ["-e", "console.error('told so'); process.exit(1)"], 60)


def test_node_comes_from_the_wheel(hook: ModuleType) -> None:
    assert hook.node_binary().is_relative_to(hook.node_root())
    assert hook.node_binary().is_file()


@pytest.mark.parametrize(("name", "title"), [("index.html", "Vedette"), ("graphiql.html", "GraphiQL · Vedette")])
def test_a_page_takes_every_file_from_its_own_server_and_runs_no_inline_script(name: str, title: str) -> None:
    page = (STATIC / name).read_text(encoding="utf-8")
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert addresses
    for address in addresses:
        assert address.startswith("/static/")
        assert (STATIC / address.removeprefix("/static/")).is_file()
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert f"<title>{title}</title>" in page


def test_the_first_screen_is_less_than_250_kb_gzipped() -> None:
    manifest = json.loads((STATIC / ".vite" / "manifest.json").read_text(encoding="utf-8"))
    files: set[str] = set()

    def add(name: str) -> None:
        entry = manifest[name]
        if entry["file"] not in files:
            files.update([entry["file"], *entry.get("css", [])])
            for needed in entry.get("imports", []):
                add(needed)

    add("index.html")
    sizes = {name: len(gzip.compress((STATIC / name).read_bytes())) for name in files}
    assert sum(sizes.values()) < 250_000, sizes


def test_every_document_of_the_interface_is_listed_for_the_server_to_trust() -> None:
    lines = (STATIC / "documents.txt").read_text(encoding="utf-8").splitlines()
    assert {line.split()[1] for line in lines} == interface_documents().keys()
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64} \w+", line) for line in lines)


def test_what_was_checked_is_not_checked_again_until_it_changes(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: list[str] = []
    monkeypatch.setattr(hook, "CHECKED", tmp_path / "node_modules" / ".checked")
    monkeypatch.setattr(hook, "is_installed", lambda: True)
    monkeypatch.setattr(hook, "run", lambda name, *_: run.append(name))
    (tmp_path / "node_modules").mkdir()
    assert hook.check()
    assert {"TypeScript", "ESLint", "Vitest"} <= set(run)
    run.clear()
    assert not hook.check()
    assert run == []
    (tmp_path / "src" / "main.ts").write_text("3")
    assert hook.check()


def test_the_lock_names_no_registry() -> None:
    lock = (ROOT / "frontend" / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert '"integrity"' in lock


def test_what_is_smaller_compressed_is_put_beside_it(hook: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "large.js").write_text("hello " * 1000)
    (tmp_path / "assets" / "small.js").write_text("1")
    hook.compress(tmp_path / "assets")
    assert (
        gzip.decompress((tmp_path / "assets" / "large.js.gz").read_bytes())
        == (tmp_path / "assets" / "large.js").read_bytes()
    )
    assert not (tmp_path / "assets" / "small.js.gz").exists()
