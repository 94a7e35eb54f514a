"""A real Prometheus for tests where there is one: on the PATH, or unpacked as README says. Skips elsewhere."""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

UNPACKED = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "cleanplate/prometheus/usr/bin"
RULES = Path(__file__).parents[1] / "deploy/prometheus/rules.yml"
FIRST_S = 15.0  # Prometheus waits some 5 s before it asks anybody for the first time


def tool(name: str) -> str:
    """Return the path of prometheus or promtool, or skip the test."""
    found = shutil.which(name) or shutil.which(name, path=str(UNPACKED))
    if found is None:
        pytest.skip(f"{name} is not here; README says how to get it")
    return found


class Prometheus:
    """One that runs, and what can be asked of it."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1"

    def ask(self, path: str, **words: str) -> Any:
        """Return the data of an answer; AssertionError with Prometheus' own words if it is an error."""
        try:
            with urllib.request.urlopen(f"{self._url}/{path}?{urllib.parse.urlencode(words)}", timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{words}: {error.read().decode()}") from error

    def values(self, expr: str) -> list[float]:
        """Return the values that an expression has now."""
        return [float(each["value"][1]) for each in self.ask("query", query=expr)["result"]]

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire."""
        return {each["labels"]["alertname"] for each in self.ask("alerts")["alerts"] if each["state"] == "firing"}

    def healthy(self) -> int:
        """Return how many processes it reaches."""
        return sum(each["health"] == "up" for each in self.ask("targets")["activeTargets"])


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.1)


def faster(rules: str, times: float) -> str:
    """Return rules of which every window and patience is shorter, so that a test need not wait for a minute."""

    def shorter(found: re.Match[str]) -> str:
        seconds = int(found["count"]) * {"s": 1, "m": 60}[found["unit"]]
        return f"{found['before']}{max(1, round(seconds * 1000 / times))}ms"

    return re.sub(r"(?P<before>\[|for: )(?P<count>\d+)(?P<unit>[sm])\b", shorter, rules)


@contextmanager
def prometheus(folder: Path, *, port: int, targets: str, times: float = 1.0) -> Iterator[Prometheus]:
    """Run one that asks the given supervisor's address for targets twice a second, with our rules `times` as fast."""
    command, config = tool("prometheus"), folder / "prometheus.yml"
    (folder / "rules.yml").write_text(faster(RULES.read_text(), times))
    scrape = {"job_name": "cleanplate", "http_sd_configs": [{"url": targets, "refresh_interval": "1s"}]}
    pace = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"}
    config.write_text(yaml.safe_dump({"global": pace, "rule_files": ["rules.yml"], "scrape_configs": [scrape]}))
    words = [f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}", "--log.level=error"]
    process = subprocess.Popen([command, *words, f"--web.listen-address=127.0.0.1:{port}"])
    try:
        until(lambda: _listens(port), 10, "Prometheus")
        yield Prometheus(port)
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1).close()
    except OSError:
        return False
    return True
