"""The files of `deploy/`: of their schemas, hardened, of settings and words that there are, and in accord."""

import configparser
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from vedette.cli.root import COMMANDS
from vedette.settings import Settings, load

DEPLOY = Path(__file__).parents[3] / "deploy"
OVERLAYS = ("single", "production")
KUBERNETES = "1.32"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))

Object = dict[str, Any]


def built(overlay: str) -> list[Object]:
    """Return the objects of an overlay as kustomize builds them."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed: the overlays cannot be built.")
    folder = DEPLOY / "kubernetes" / "overlays" / overlay
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one is not None]


def of_kind(objects: list[Object], kind: str) -> dict[str, Object]:
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}


@pytest.fixture(params=OVERLAYS)
def objects(request: pytest.FixtureRequest) -> list[Object]:
    return built(request.param)


def test_every_object_is_of_its_kind(objects: list[Object]) -> None:
    for one in objects:
        kubernetes_validate.validate(one, KUBERNETES, strict=True)


def test_the_validation_finds_what_is_wrong() -> None:
    wrong = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": {"replicas": "many"}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


def pods(objects: list[Object]) -> Iterator[tuple[str, Object]]:
    for one in objects:
        if one["kind"] in {"Deployment", "Job"}:
            yield one["metadata"]["name"], one["spec"]["template"]


def test_every_pod_is_confined(objects: list[Object]) -> None:
    found = dict(pods(objects))
    assert set(found) == {"serve", "evaluate", "launch", "migrate"}
    for name, pod in found.items():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"], name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        for container in spec["containers"]:
            confined = container["securityContext"]
            assert confined == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert container["resources"]["requests"]["memory"], name
            assert container["resources"]["limits"]["memory"], name
            # What is written goes to volumes.
            assert {"/tmp", "/var/lib/vedette"} <= {mount["mountPath"] for mount in container["volumeMounts"]}


def test_probes_ask_at_ports_that_there_are(objects: list[Object]) -> None:
    for name, deployment in of_kind(objects, "Deployment").items():
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = container[probe].get("httpGet") or container[probe]["tcpSocket"]
            assert asked["port"] in ports, name
            assert asked.get("path", "/healthz") in {"/healthz", "/readyz"}
        annotations = deployment["spec"]["template"]["metadata"]["annotations"]
        assert int(annotations["prometheus.io/port"]) == ports["health"]


def test_a_process_has_more_time_to_stop_than_it_takes(objects: list[Object]) -> None:
    environ = of_kind(objects, "ConfigMap")
    [given] = [one["data"] for name, one in environ.items() if name.startswith("vedette")]
    settings, _ = load({}, vedette_only(given))
    longest = settings.drain_seconds + settings.shutdown_grace_seconds + 10
    for name, deployment in of_kind(objects, "Deployment").items():
        assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > longest, name


def test_what_selects_finds_something(objects: list[Object]) -> None:
    labels = [pod["metadata"]["labels"] for _, pod in pods(objects)]
    selectors = [one["spec"]["selector"] for one in of_kind(objects, "Service").values()]
    for kind in ("Deployment", "PodDisruptionBudget"):
        selectors += [one["spec"]["selector"]["matchLabels"] for one in of_kind(objects, kind).values()]
    for policy in of_kind(objects, "NetworkPolicy").values():
        selector = policy["spec"]["podSelector"]
        selectors.append(selector.get("matchLabels", {}))
        for expression in selector.get("matchExpressions", ()):
            selectors += [{expression["key"]: value} for value in expression["values"]]
    for selector in selectors:
        assert any(selector.items() <= each.items() for each in labels), selector
    deployments = of_kind(objects, "Deployment")
    for scaler in of_kind(objects, "HorizontalPodAutoscaler").values():
        assert scaler["spec"]["scaleTargetRef"]["name"] in deployments


def test_what_scales_does_so_by_metrics_that_there_are() -> None:
    documented = (DEPLOY.parent / "docs" / "metrics.md").read_text(encoding="utf-8")
    asked = [
        metric["external"]["metric"]["name"]
        for scaler in of_kind(built("production"), "HorizontalPodAutoscaler").values()
        for metric in scaler["spec"]["metrics"]
        if metric["type"] == "External"
    ]
    assert set(asked) == {"vedette_oldest_due_seconds", "vedette_queued_runs"}
    assert all(f"| `{name}` |" in documented for name in asked)


def test_nobody_reaches_a_pod_of_user_code() -> None:
    policies = of_kind(built("production"), "NetworkPolicy")
    open_ports = {
        name: [port["port"] for rule in policy["spec"].get("ingress", ()) for port in rule["ports"]]
        for name, policy in policies.items()
    }
    assert open_ports == {"vedette": [4480], "vedette-api": [4400], "vedette-egress": []}


def vedette_only(environ: dict[str, str]) -> dict[str, str]:
    return {name: str(value) for name, value in environ.items() if name.startswith("VEDETTE_")}


def settings_everywhere() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every environment that a file of deploy/ gives a process."""
    for name, service in COMPOSE["services"].items():
        yield f"compose, {name}", service["environment"]
    config = yaml.safe_load((DEPLOY / "kubernetes/base/kustomization.yaml").read_text(encoding="utf-8"))
    for generator in config["configMapGenerator"]:
        yield "kubernetes", dict(literal.split("=", 1) for literal in generator["literals"])
    yield "Dockerfile", dict(re.findall(r"(VEDETTE_\w+)=(\S+)", DOCKERFILE))
    lines = (DEPLOY / "systemd/vedette.env").read_text(encoding="utf-8").splitlines()
    yield "vedette.env", dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    for unit in UNITS:
        yield unit.name, dict(re.findall(r"(VEDETTE_\w+)=(\S+)", unit.read_text(encoding="utf-8")))


@pytest.mark.parametrize(("where", "environ"), [*settings_everywhere()])
def test_every_setting_is_one_with_a_value_that_it_can_have(where: str, environ: dict[str, str]) -> None:
    load({}, vedette_only(environ))


def commands_everywhere() -> Iterator[tuple[str, list[str]]]:
    """Yield every command that a file of deploy/ has vedette execute."""
    for name, service in COMPOSE["services"].items():
        if name != "postgres":
            yield f"compose, {name}", service["command"]
    for file in sorted((DEPLOY / "kubernetes/base").glob("*.yaml")):
        for one in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            if one and one["kind"] in {"Deployment", "Job"}:
                yield file.name, one["spec"]["template"]["spec"]["containers"][0]["args"]
    for unit in UNITS:
        yield unit.name, service_of(unit)["ExecStart"].split()[1:]


def service_of(unit: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names are as they are written
    parser.read(unit)
    return dict(parser["Service"])


@pytest.mark.parametrize(("where", "command"), [*commands_everywhere()])
def test_every_command_is_one_with_a_project_that_is_there(where: str, command: list[str]) -> None:
    assert command[0] in COMMANDS
    if command[0] in {"evaluate", "launch"}:
        assert Path(command[1]).name == "project.py"
        assert (DEPLOY / "project" / "project.py").is_file()
    else:
        assert command[1:] == []


def test_compose_is_of_its_schema() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    words: list[str | Path] = [checker, "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def test_compose_confines_what_is_ours_and_waits_for_what_comes_before() -> None:
    for name, service in COMPOSE["services"].items():
        if name == "postgres":
            continue
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["user"] == "10001:10001", name
        before = {"postgres": "service_healthy"} if name == "migrate" else {"migrate": "service_completed_successfully"}
        assert {each: how["condition"] for each, how in service["depends_on"].items()} == before
    assert COMPOSE["services"]["serve"]["ports"] == ["127.0.0.1:4400:4400"]


def test_the_image_is_built_in_stages_and_runs_as_nobody_in_particular() -> None:
    stages = DOCKERFILE.split("\nFROM ")[1:]
    assert len(stages) == 2
    last = stages[-1]
    assert "USER 10001:10001" in last
    assert "HEALTHCHECK" in last
    assert 'ENTRYPOINT ["tini", "--", "vedette"]' in last
    assert last.index("USER ") > last.index("RUN mkdir")
    # No compiler, source or package of the build is in it but by way of the wheel.
    assert [line for line in last.splitlines() if line.startswith("COPY")] == [
        "COPY --from=build /opt/vedette /opt/vedette"
    ]


def test_the_image_is_given_all_that_it_copies() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    first = DOCKERFILE.split("\nFROM ")[1]
    copied = {word for line in re.findall(r"^COPY (.*)$", first, re.MULTILINE) for word in line.split()[:-1]}
    assert copied == let_in
    assert all((DEPLOY.parent / name).exists() for name in copied)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed.")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("vedette")
    for unit in (*UNITS, DEPLOY / "systemd" / "vedette.target"):
        text = unit.read_text(encoding="utf-8").replace("/opt/vedette/bin/vedette", str(program))
        (tmp_path / unit.name).write_text(text)
    units = sorted(tmp_path.iterdir())
    words: list[str | Path] = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    told = [line for line in done.stderr.splitlines() if "vedette" in line and "network-online" not in line]
    assert told == []


def test_units_stop_the_first_process_alone_and_are_users_of_their_own() -> None:
    users = (DEPLOY / "systemd" / "vedette.sysusers.conf").read_text(encoding="utf-8")
    named = set(re.findall(r"^u (\S+)", users, re.MULTILINE))
    assert {service_of(unit)["User"] for unit in UNITS} == named
    for unit in UNITS:
        service = service_of(unit)
        assert service["ProtectSystem"] == "strict"
        if service.get("Type") != "oneshot":
            assert service["KillMode"] == "mixed"
            assert float(service["TimeoutStopSec"]) > Settings().shutdown_grace_seconds + 5


@pytest.mark.skipif(shutil.which("caddy") is None, reason="Caddy is not installed.")
def test_caddy_accepts_its_file(tmp_path: Path) -> None:
    words: list[str | Path] = ["caddy", "adapt", "--config", DEPLOY / "proxy" / "Caddyfile", "--adapter", "caddyfile"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert '"flush_interval":-1' in done.stdout
