"""Replicas on other machines, as network namespaces are: one is cut off, and the picture is that of a local run."""

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.decode.config import DecodeConfig
from tests.clips import Clip, make
from tests.deploy.test_metrics import value
from tests.namespaces import Host, cut, hosts, join, why_not
from tests.prometheus import until
from tests.runs import job, run_inline

FRAMES = 60
LOOPS = 15
CHUNK = 12
WHAT = ("--engine", "telea", "--chunk", str(CHUNK), "--codec", "ffv1")
REGION = ("--region", "20,20,16,12")
MEMORY = "2MiB"  # segment keeps a third of the stream for a replica that is missed, and then waits
CENTRE, REMOTE = "10.77.0.1", ("10.77.0.2", "10.77.0.3")
FRAMES_AT, WORK_AT, PATCHES_AT = "tcp://127.0.0.1:5001", f"tcp://{CENTRE}:5002", f"tcp://{CENTRE}:5003"
METRICS = 9400


class Site:
    """A host, and the stages that run there."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, stage: str, *words: str) -> "subprocess.Popen[str]":
        """Start a stage that has its metrics at the host's next port."""
        metrics = f"127.0.0.1:{METRICS + len(self.processes)}"
        command = [sys.executable, "-m", "deploy", "stage", stage, *words, *WHAT, "--metrics", metrics]
        env = {"CLEANPLATE_TOKEN": "a secret of the whole run", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        process = subprocess.Popen(self.host.command(*command), env=env, stderr=subprocess.PIPE, text=True)
        self.processes.append(process)
        return process

    def page(self, process: "subprocess.Popen[str]", path: str) -> str:
        """Return what a process says at a path; empty while it does not listen, or says no."""
        port = METRICS + self.processes.index(process)
        try:
            with self.host.inside(), urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def is_ready(self, process: "subprocess.Popen[str]") -> bool:
        """Tell whether a process could work."""
        return self.page(process, "/readyz") == "ok\n"

    def counts(self, process: "subprocess.Popen[str]", name: str) -> float:
        """Return one number of a process; 0 where it says none."""
        page = self.page(process, "/metrics")
        return value(page, name) if page else 0.0


@pytest.fixture
def sites() -> Iterator[list[Site]]:
    """Three hosts: one in the middle with a cable to each of the others, which do not know each other."""
    if reason := why_not():
        pytest.skip(reason)
    with hosts(3) as (centre, *remote):
        for host, address in zip(remote, REMOTE, strict=True):
            join(centre, CENTRE, host, address)
        sites = [Site(host) for host in (centre, *remote)]
        try:
            yield sites
        finally:
            for process in (process for site in sites for process in site.processes):
                process.kill()
                process.communicate()


def test_a_replica_that_is_cut_off_leaves_its_chunk_to_the_other_and_the_output_as_it_is(
    sites: list[Site], tmp_path: Path
) -> None:
    source = make(tmp_path / "street.mkv", Clip(frames=FRAMES))
    target, plain = tmp_path / "clean.nut", tmp_path / "plain.nut"
    assert run_inline(job(source, plain, engine="telea", decode=DecodeConfig(loop=LOOPS))).code == 0
    centre, near, far = sites
    encode = centre.start("encode", str(target), "--listen", PATCHES_AT, "--replicas", "2")
    to = ("--listen", FRAMES_AT, "--work", WORK_AT, "--to", PATCHES_AT)
    segment = centre.start("segment", *to, *REGION, "--memory", MEMORY)
    replicas = {site: site.start("inpaint", "--work", WORK_AT, "--to", PATCHES_AT) for site in (near, far)}
    until(lambda: all(site.is_ready(process) for site, process in replicas.items()), 30, "readiness")
    decode = centre.start("decode", str(source), "--to", FRAMES_AT, "--loop", str(LOOPS))
    done = "cleanplate_frames_out_total"
    until(lambda: all(site.counts(process, done) > 0 for site, process in replicas.items()), 30, "work of both")
    cut(far.host, centre.host)
    assert [process.wait(60) for process in (decode, segment, replicas[near], encode)] == [0, 0, 0, 0]
    assert target.read_bytes() == plain.read_bytes()
    assert replicas[far].wait(30) == 10, "it was left alone, and says so"
