"""Every alert: by promtool for all of them, on the clock of the rules; by real faults for those that can be made."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import yaml

from tests.clips import Clip, make
from tests.ports import free_ports
from tests.prometheus import FIRST_S, RULES, Prometheus, faster, prometheus, tool, until
from tests.rtsp import RtspServer

FASTER = 5.0  # than the rules say: windows of 10 s are of 2 s here
GROUPS = yaml.safe_load(RULES.read_text())["groups"]
ALERTS = {rule["alert"] for group in GROUPS for rule in group["rules"]}


def test_promtool_finds_every_alert_firing_when_it_should_and_over_when_it_should_be() -> None:
    told = subprocess.run([tool("promtool"), "test", "rules", "rules_test.yml"], cwd=RULES.parent, capture_output=True)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("name", ["prometheus.yml", "compose.yml"])
def test_promtool_accepts_the_configuration(name: str) -> None:
    told = subprocess.run([tool("promtool"), "check", "config", name], cwd=RULES.parent, capture_output=True)
    assert told.returncode == 0, told.stdout + told.stderr


def test_every_alert_is_tested_to_fire_and_to_be_silent() -> None:
    cases = yaml.safe_load((RULES.parent / "rules_test.yml").read_text())["tests"]
    checks = [check for case in cases for check in case["alert_rule_test"]]
    assert {check["alertname"] for check in checks if check.get("exp_alerts")} == ALERTS
    assert {check["alertname"] for check in checks if not check.get("exp_alerts")} == ALERTS


def test_every_alert_says_what_is_wrong_with_which_stream_and_what_to_do() -> None:
    for rule in (rule for group in GROUPS for rule in group["rules"]):
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert "$labels.stream" in rule["annotations"]["summary"]
        assert rule["annotations"]["description"].endswith(".")


def test_rules_are_made_faster_for_these_tests_in_every_window_and_nowhere_else() -> None:
    rules = "expr: rate(x[2m]) > 10\nfor: 10s\n- expr: y[5s]\n  summary: for 10 s"
    assert faster(rules, 5) == "expr: rate(x[24000ms]) > 10\nfor: 2000ms\n- expr: y[1000ms]\n  summary: for 10 s"


@contextmanager
def watched(
    folder: Path, source: str, *words: str, processes: int, times: float = FASTER
) -> Iterator[tuple[Prometheus, psutil.Process]]:
    """Run cleanplate on a source, with a Prometheus that watches it; nothing is wrong at first."""
    first = free_ports(processes + 1)
    asked = ["remove", source, str(folder / "clean.mkv"), "--region", "20,20,16,12", "--engine", "blank", *words]
    command = [sys.executable, "-m", "deploy", *asked, "--metrics", f"127.0.0.1:{first}", "--preset", "ultrafast"]
    targets, port = f"http://127.0.0.1:{first}/targets", first + processes
    with prometheus(folder, port=port, targets=targets, times=times) as asking:
        run = psutil.Popen(command, stderr=subprocess.DEVNULL)
        try:
            until(lambda: asking.healthy() == processes, 40, "all processes")
            until(
                lambda: bool(asking.values('rate(cleanplate_frames_out_total{stage="encode"}[2s]) > 0')),
                FIRST_S,
                "frames",
            )
            until(lambda: not asking.firing(), 10, "quiet")
            yield asking, run
        finally:
            run.kill()  # its workers die with it
            run.wait(30)


def test_a_camera_that_falls_silent_is_told_of_until_it_is_back(tmp_path: Path) -> None:
    clip = make(tmp_path / "street.mp4", Clip(frames=200, options={"g": "25", "bf": "0"}))
    with RtspServer(clip) as camera, watched(tmp_path, camera.url(), "--silence", "2s", processes=5) as (asking, _):
        assert asking.values("cleanplate_source_up") == [1]
        camera.stalled.set()
        silent = {"CleanplateNoFrames", "CleanplateUncleanHold", "CleanplateSourceDown"}
        until(lambda: asking.firing() >= silent, 30, f"{silent}")
        camera.stalled.clear()
        until(lambda: not asking.firing(), 60, "all to be well again")


def worker(run: psutil.Process, name: str, *, not_pid: int = 0) -> psutil.Process:
    """Return a worker of a run by its name, as soon as it is there and another than the one that was killed."""
    found: list[psutil.Process] = []

    def look() -> bool:
        for child in run.children():
            with contextlib.suppress(psutil.Error):  # it has just ended
                if child.pid != not_pid and name in child.cmdline():
                    found.append(child)
        return bool(found)

    until(look, 20, name)
    return found[0]


def test_replicas_that_die_again_and_again_are_told_of(tmp_path: Path) -> None:
    source = make(tmp_path / "street.mkv", Clip(frames=200))
    words = ("--loop", "100000", "--replicas", "2", "--chunk", "12")
    with watched(tmp_path, str(source), *words, processes=6, times=1.5 * FASTER) as (asking, run):
        last = {"inpaint-0": 0, "inpaint-1": 0}
        for name in 2 * list(last):
            victim = worker(run, name, not_pid=last[name])
            victim.kill()
            last[name] = victim.pid
        until(lambda: "CleanplateRestartStorm" in asking.firing(), 40, "the alert")
        assert run.is_running()
        until(lambda: "CleanplateRestartStorm" not in asking.firing(), 60, "the end of it")


def test_a_run_that_stands_still_is_told_of_until_it_moves(tmp_path: Path) -> None:
    source = make(tmp_path / "street.mkv", Clip(frames=200))
    with watched(tmp_path, str(source), "--loop", "100000", processes=5) as (asking, run):
        stopped = worker(run, "inpaint-0")
        stopped.suspend()
        until(lambda: "CleanplateNoFrames" in asking.firing(), 9, "the alert")
        stopped.resume()
        until(lambda: not asking.firing(), 20, "all to be well again")
