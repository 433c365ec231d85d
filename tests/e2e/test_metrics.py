"""`/metrics`, `/healthz` and `/readyz` of `serve`, `evaluate` and `launch`, each a process of its own."""

from contextlib import ExitStack
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from e2e.servers import free_port, wait_until
from e2e.test_processes import PROJECT, process

BROKEN = "\nraise RuntimeError('not today')\n"


def samples(port: str) -> dict[str, float]:
    """Return what a process counts, summed over labels; nothing while it does not answer."""
    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text
    except httpx.TransportError:
        return {}
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            found[one.name] = found.get(one.name, 0.0) + one.value
    return found


def health(port: str, path: str) -> tuple[int, dict[str, str]]:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}{path}", timeout=30)
    except httpx.TransportError:
        return 0, {}
    return answer.status_code, answer.json()


def test_each_process_counts_what_it_does_and_tells_whether_it_is_ready(database_url: str, tmp_path: Path) -> None:
    project, log = tmp_path / "project.py", tmp_path / "log.txt"
    project.write_text(PROJECT)
    ports = {name: str(free_port()) for name in ("serve", "evaluate", "launch")}
    environ = {"VEDETTE_DATABASE_URL": database_url, "VEDETTE_PORT": str(free_port()), "VEDETTE_POLL_SECONDS": "1"}
    with ExitStack() as stack:
        for name, port in ports.items():
            targets = [] if name == "serve" else [str(project)]
            stack.enter_context(process(log, name, *targets, **environ, VEDETTE_HEALTH_PORT=port))
        wait_until(lambda: samples(ports["launch"]).get("vedette_run_start_seconds_count", 0) >= 3, "three runs")
        for port in ports.values():
            assert health(port, "/healthz") == (200, {"status": "healthy"})
            assert health(port, "/readyz")[0] == 200

        evaluated = samples(ports["evaluate"])
        for name in (
            "vedette_ticks_total", "vedette_evaluation_seconds_count", "vedette_tick_lateness_seconds_count",
            "vedette_run_requests_total", "vedette_commits_total", "vedette_commit_size_count",
        ):  # fmt: skip
            assert evaluated[name] >= 3, name
        assert evaluated["vedette_shards_held"] == 16
        assert evaluated["vedette_sensors_held"] == evaluated["vedette_code_location_loaded"] == 1
        assert evaluated["vedette_hosts"] == 1
        assert evaluated["vedette_build_info"] == 1
        launched = samples(ports["launch"])
        assert launched["vedette_runs_claimed_total"] >= 3
        assert launched["vedette_runs_ended_total"] >= 2
        assert launched["vedette_run_slots"] >= 8
        assert 0 < launched["vedette_run_start_seconds_sum"] < 60 * launched["vedette_run_start_seconds_count"]
        served = samples(ports["serve"])
        assert served["vedette_workers"] == 3
        assert served["vedette_database_up"] == 1
        assert "process_resident_memory_bytes" in served


def test_a_process_whose_project_does_not_load_is_not_ready_and_says_why(database_url: str, tmp_path: Path) -> None:
    project, log, port = tmp_path / "project.py", tmp_path / "log.txt", str(free_port())
    project.write_text(PROJECT + BROKEN)
    environ = {"VEDETTE_DATABASE_URL": database_url, "VEDETTE_HEALTH_PORT": port}
    with process(log, "evaluate", "--watch", str(project), **environ):
        status, answer = wait_until(lambda: health(port, "/readyz") if health(port, "/readyz")[0] else None, "answers")
        assert status == 503
        assert answer["reason"] == "Code location project does not load: RuntimeError: not today"
        assert health(port, "/healthz")[0] == 200
        project.write_text(PROJECT)
        wait_until(lambda: health(port, "/readyz")[0] == 200, "it to be ready")
