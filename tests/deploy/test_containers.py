"""What ships: image, compose files and manifests, against their schemas and our own options."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import promql_parser
import pytest
import yaml

from deploy.addresses import check_connect, check_listen
from deploy.cli import _parser
from deploy.health import Pulse, serving
from deploy.options import job_of
from deploy.stage_cli import _check
from tests.deploy.test_metrics import exported
from tests.ports import free_ports

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = DEPLOY / "docker/Dockerfile"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
GPU = yaml.safe_load((DEPLOY / "compose.gpu.yaml").read_text())
LIVE = yaml.safe_load((DEPLOY / "compose.live.yaml").read_text())
K8S = sorted((DEPLOY / "k8s").glob("*.yaml"))
CUSTOM = {"PodMonitor", "ScaledObject", "Kustomization"}  # of operators; their schemas come with the operators
STAGES = ("decode", "segment", "inpaint", "encode")
VERSION = "1.32"


def documents(kind: str = "") -> list[dict[str, Any]]:
    """Return every object of the manifests, of one kind or of all."""
    found = [each for path in K8S for each in yaml.safe_load_all(path.read_text())]
    return [each for each in found if kind in ("", each["kind"])]


def filled(word: str) -> str:
    """Return a word of a command as compose or Kubernetes would hand it over."""
    return re.sub(r"\$\{\w+:-([^}]*)}", r"\1", word).replace("$(SOURCE)", "rtsp://camera/stream")


def pod(deployment: dict[str, Any]) -> dict[str, Any]:
    return deployment["spec"]["template"]["spec"]  # type: ignore[no-any-return]


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    (only,) = pod(deployment)["containers"]
    return only  # type: ignore[no-any-return]


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield every command of ours, and where it stands."""
    for stage in STAGES:
        yield f"compose {stage}", COMPOSE["services"][stage]["command"]
        yield f"compose live {stage}", LIVE["services"][stage]["command"]
    yield "compose gpu inpaint", GPU["services"]["inpaint"]["command"]
    for each in documents("Deployment"):
        yield f"k8s {each['metadata']['name']}", container(each)["args"]


COMMANDS = [(where, [filled(word) for word in words]) for where, words in commands()]


@pytest.mark.parametrize(("where", "words"), COMMANDS, ids=[where for where, _ in COMMANDS])
def test_our_own_parser_and_checks_accept_every_command(where: str, words: list[str], tmp_path: Path) -> None:
    arguments = _parser().parse_args([word.replace("/out", str(tmp_path)) for word in words])
    assert arguments.stage in where
    assert arguments.metrics == "0.0.0.0:9400"
    arguments.metrics = ""  # whether its port is free on this machine is not the question
    _check(arguments, job_of(arguments))
    for option in ("listen", "work", "to"):
        if address := getattr(arguments, option):
            (check_listen if "0.0.0.0" in address else check_connect)(option, address)


@pytest.mark.parametrize("kind", ["compose", "k8s"])
def test_stages_connect_to_where_the_others_listen_and_call_the_stream_the_same(kind: str) -> None:
    parsed = {words[1]: _parser().parse_args(words) for where, words in COMMANDS if where.startswith(f"{kind} ")}
    prefix = {"compose": "", "k8s": "cleanplate-"}[kind]
    listening = {
        address.replace("0.0.0.0", f"{prefix}{stage}")
        for stage, words in parsed.items()
        for address in (words.listen, words.work)
        if "0.0.0.0" in address
    }
    assert {parsed["decode"].to, parsed["segment"].to, parsed["inpaint"].work, parsed["inpaint"].to} == listening
    assert {parsed[stage].stream for stage in STAGES} == {"stream"}


def test_the_dockerfile_is_as_hadolint_wants_it() -> None:
    told = subprocess.run([hadolint(), str(DOCKERFILE)], capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr


def hadolint() -> str:
    return shutil.which("hadolint", path=str(Path(sys.executable).parent)) or "hadolint"


def test_the_image_is_small_runs_as_nobody_and_has_both_variants() -> None:
    lines = DOCKERFILE.read_text().splitlines()
    final = lines[max(index for index, line in enumerate(lines) if line.startswith("FROM")) :]
    assert "USER 10001" in final
    assert not [line for line in final if "apt-get" in line or "pip install" in line]
    assert [word for line in lines for word in re.findall(r"^ +(\w+)\) pip install", line)] == ["cpu", "cuda"]


def test_the_context_is_what_is_packaged_and_nothing_else() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert next(line for line in ignored if line and not line.startswith("#")) == "*"
    sent = {line[1:] for line in ignored if line.startswith("!")}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert sent == packages | {"pyproject.toml", "README.md", "LICENSE"}


def test_the_health_check_fails_when_the_process_does_not_turn() -> None:
    check = " ".join(
        line.strip() for line in DOCKERFILE.read_text().replace("\\\n", " ").splitlines() if "urlopen" in line
    )
    command = yaml.safe_load(check.partition("CMD ")[2])
    port, pulse = free_ports(1), Pulse(still_s=0.5)
    command = [sys.executable, *(word.replace("9400", str(port)) for word in command[1:])]
    assert subprocess.run(command, capture_output=True).returncode == 1
    with serving(f"127.0.0.1:{port}", pulse.pages()):
        pulse.turned()
        assert subprocess.run(command, capture_output=True).returncode == 0
        pulse._turned -= 60
        assert subprocess.run(command, capture_output=True).returncode == 1


def test_compose_files_keep_to_their_schema() -> None:
    files = [str(DEPLOY / name) for name in ("compose.yaml", "compose.gpu.yaml", "compose.live.yaml")]
    words = ["-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", *files]
    told = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr


def test_compose_names_only_what_it_declares() -> None:
    services = COMPOSE["services"]
    assert set(GPU["services"]) <= set(services)
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        assert set(service.get("networks", ())) <= set(COMPOSE["networks"])
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
        named = {mount.partition(":")[0] for mount in service.get("volumes", ())}
        assert {name for name in named if not name.startswith(".")} <= set(COMPOSE["volumes"])


def test_compose_gives_out_the_secret_as_a_file_and_opens_ports_on_loopback_alone() -> None:
    for stage in STAGES:
        service = COMPOSE["services"][stage]
        (secret,) = service["secrets"]
        assert service["environment"] == {"CLEANPLATE_TOKEN_FILE": f"/run/secrets/{secret}"}
        assert "ports" not in service
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_a_service_that_is_scaled_has_nothing_that_only_one_can_have() -> None:
    assert not {"container_name", "ports", "hostname"} & set(COMPOSE["services"]["inpaint"])
    assert "--name" not in COMPOSE["services"]["inpaint"]["command"]


def test_the_override_keeps_the_command_but_for_where_it_computes() -> None:
    plain, gpu = COMPOSE["services"]["inpaint"]["command"], GPU["services"]["inpaint"]["command"]
    assert set(plain) <= set(gpu)
    (device,) = GPU["services"]["inpaint"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]


def test_the_override_for_a_camera_keeps_the_commands_and_makes_every_stage_live_with_one_latency() -> None:
    names = ("CLEANPLATE_SOURCE", "CLEANPLATE_TARGET")  # whose default is a file in the one, a camera in the other
    for stage in STAGES:
        plain, live = COMPOSE["services"][stage]["command"], LIVE["services"][stage]["command"]
        assert {word for word in plain if not any(name in word for name in names)} <= set(live)
        assert "--live" in live
    parsed = {words[1]: _parser().parse_args(words) for where, words in COMMANDS if where.startswith("compose live ")}
    assert parsed["segment"].latency == parsed["encode"].latency


@pytest.mark.parametrize("path", K8S, ids=lambda path: path.stem)
def test_manifests_keep_to_their_schema(path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text()):
        try:
            kubernetes_validate.validate(document, VERSION, strict=True)
        except kubernetes_validate.SchemaNotFoundError:
            assert document["kind"] in CUSTOM


def test_the_schema_would_find_a_wrong_key() -> None:
    broken = documents("Deployment")[0]
    broken["spec"]["replica"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSION, strict=True)


def test_kustomize_lists_every_manifest() -> None:
    (kustomization,) = documents("Kustomization")
    assert sorted(kustomization["resources"]) == [path.name for path in K8S if path.stem != "kustomization"]


def test_kustomize_builds_it() -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not here")
    told = subprocess.run(["kubectl", "kustomize", str(DEPLOY / "k8s")], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert told.stdout.count("image: cleanplate:cpu") == len(STAGES)


@pytest.mark.parametrize("deployment", documents("Deployment"), ids=lambda each: each["metadata"]["name"])
def test_every_deployment_is_probed_confined_and_found_by_its_labels(deployment: dict[str, Any]) -> None:
    inside, labels = container(deployment), deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert {"name": "metrics", "containerPort": 9400} in inside["ports"]
    assert inside["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "metrics"}
    assert inside["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "metrics"}
    assert pod(deployment)["securityContext"]["runAsNonRoot"]
    assert inside["securityContext"]["readOnlyRootFilesystem"]
    assert {mount["name"] for mount in inside["volumeMounts"]} == {
        volume["name"] for volume in pod(deployment)["volumes"]
    }
    (stage,) = (stage for stage in STAGES if stage in inside["args"])
    assert labels["app.kubernetes.io/component"] == stage
    assert ("strategy" in deployment["spec"]) == (stage != "inpaint"), "there is one of each but inpaint, never two"


def test_services_lead_to_the_ports_of_their_pods_without_balancing() -> None:
    pods = {each["metadata"]["name"]: each for each in documents("Deployment")}
    for service in documents("Service"):
        deployment = pods[service["metadata"]["name"]]
        assert service["spec"]["selector"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
        assert service["spec"]["clusterIP"] == "None"
        ports = {port["name"]: port["containerPort"] for port in container(deployment)["ports"]}
        assert all(ports[port["targetPort"]] == port["port"] for port in service["spec"]["ports"])


def test_a_replica_has_the_time_to_drain() -> None:
    (inpaint,) = (each for each in documents("Deployment") if each["metadata"]["name"] == "cleanplate-inpaint")
    assert container(inpaint)["lifecycle"]["preStop"]["exec"]["command"][0] == "sleep"
    assert pod(inpaint)["terminationGracePeriodSeconds"] >= 60


def test_the_pod_monitor_finds_every_pod_and_its_port() -> None:
    (monitor,) = documents("PodMonitor")
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert set(monitor["spec"]) == {"selector", "podMetricsEndpoints"}
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["path"], endpoint["interval"]) == ("metrics", "/metrics", "5s")
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    for each in documents("Deployment"):
        assert wanted <= each["spec"]["template"]["metadata"]["labels"].items()


def test_the_scaler_asks_for_what_is_measured_and_keeps_within_what_encode_allows() -> None:
    (scaler,) = documents("ScaledObject")
    spec = scaler["spec"]
    assert scaler["apiVersion"] == "keda.sh/v1alpha1"
    parsed = {words[1]: _parser().parse_args(words) for where, words in COMMANDS if where.startswith("k8s ")}
    assert spec["scaleTargetRef"] == {"name": "cleanplate-inpaint"}
    assert (
        1
        <= spec["minReplicaCount"]
        <= spec["fallback"]["replicas"]
        <= spec["maxReplicaCount"]
        == parsed["encode"].replicas
    )
    assert any("cleanplate_stream_lag_seconds" in trigger["metadata"]["query"] for trigger in spec["triggers"])
    for trigger in spec["triggers"]:
        assert (trigger["type"], trigger["metricType"]) == ("prometheus", "Value")
        assert set(trigger["metadata"]) == {"serverAddress", "query", "threshold", "ignoreNullValues"}
        assert all(isinstance(text, str) for text in trigger["metadata"].values())
        assert float(trigger["metadata"]["threshold"]) > 0
        promql_parser.parse(trigger["metadata"]["query"])
        assert set(re.findall(r"cleanplate_\w+", trigger["metadata"]["query"])) <= exported()
        assert set(re.findall(r'stream="(\w+)"', trigger["metadata"]["query"])) == {parsed["segment"].stream}
