"""The dashboard asks only for what is there: every question parses, names what we export, and is answered in a run."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import promql_parser
import pytest
import yaml

from deploy.grafana.dashboard import dashboard, text
from tests.clips import Clip, make
from tests.deploy.test_metrics import exported
from tests.ports import free_ports
from tests.prometheus import FIRST_S, prometheus, until

DEPLOY = Path(__file__).parents[2] / "deploy"
LIVE_OR_GPU = re.compile(r"cleanplate_(source_up|source_reconnects|fill_level|frames_dropped|output_\w+|gpu_\w+)")


def panels() -> Iterator[tuple[str, str]]:
    """Yield the title and the expression of every question on the dashboard, as Grafana would ask it."""
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"].replace("$__rate_interval", "5s").replace("$stream", ".*")


def alerts() -> Iterator[tuple[str, str]]:
    for group in yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


QUESTIONS = [*panels(), *alerts()]


def names_in(expr: str) -> set[str]:
    """Return the metrics that an expression names, without what histograms add."""
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\bcleanplate_\w+", expr)}


@pytest.mark.parametrize(("title", "expr"), QUESTIONS, ids=[title for title, _ in QUESTIONS])
def test_every_question_parses_and_names_what_a_process_exports(title: str, expr: str) -> None:
    promql_parser.parse(expr)
    assert names_in(expr)
    assert names_in(expr) <= exported(), title


def test_everything_that_is_exported_is_shown_or_watched() -> None:
    asked = set().union(*(names_in(expr) for _, expr in QUESTIONS))
    assert exported() - asked <= {
        "cleanplate_frames_filled_total",
        "cleanplate_durable_frames",
        "cleanplate_ready_processes",
    }


def test_the_file_is_what_the_table_says() -> None:
    assert (DEPLOY / "grafana/cleanplate.json").read_text() == text(), (
        "python -m deploy.grafana.dashboard makes it anew"
    )


def test_panels_have_their_own_names_and_places() -> None:
    ids, cells = set(), set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        taken = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert panel["id"] not in ids
        assert not taken & cells
        assert place["x"] + place["w"] <= 24
        ids.add(panel["id"])
        cells |= taken


def test_provisioning_names_the_files_that_are_mounted() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    mounts = dict(
        mount.rsplit(":", 2)[:2] for mount in compose["services"]["grafana"]["volumes"] if mount.startswith(".")
    )
    (provider,) = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/cleanplate.yaml").read_text())["providers"]
    assert f"{provider['options']['path']}/cleanplate.json" in mounts.values()
    assert all((DEPLOY / source).exists() for source in mounts)
    (source,) = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert (
        json.loads((DEPLOY / "grafana/cleanplate.json").read_text())["templating"]["list"][0]["query"] == source["type"]
    )


@contextmanager
def endless_run(folder: Path, port: int, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run cleanplate on a clip that does not end, with the supervisor's metrics at a port."""
    source = make(folder / "street.mkv", Clip(frames=250))
    asked = ["remove", str(source), str(folder / "clean.mkv"), "--region", "20,20,16,12", "--engine", "blank"]
    options = ["--loop", "100000", "--metrics", f"127.0.0.1:{port}", "--preset", "ultrafast", *words]
    process = subprocess.Popen([sys.executable, "-m", "deploy", *asked, *options], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()  # its workers die with it
        process.wait(30)


def test_every_panel_has_data_during_a_run(tmp_path: Path) -> None:
    first = free_ports(7)
    targets = f"http://127.0.0.1:{first}/targets"
    with (
        prometheus(tmp_path, port=first + 6, targets=targets) as asked,
        endless_run(tmp_path, first, "--replicas", "2"),
    ):
        until(lambda: asked.healthy() == 6, 30, "the supervisor and five workers")
        until(
            lambda: bool(asked.values('rate(cleanplate_frames_out_total{stage="encode"}[5s]) > 0')), FIRST_S, "a rate"
        )
        silent = [(title, expr) for title, expr in panels() if not asked.values(expr)]
        assert [question for question in silent if not LIVE_OR_GPU.search(question[1])] == []
        assert asked.firing() == set()
        assert [rule["health"] for group in asked.ask("rules")["groups"] for rule in group["rules"]] == ["ok"] * len(
            [*alerts()]
        )
