"""The four stages as a user or a cluster starts them: over tcp, without a supervisor, watched and drained."""

import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from stages.decode.config import DecodeConfig
from tests.clips import Clip, make
from tests.deploy.test_metrics import value
from tests.ports import free_ports
from tests.prometheus import until
from tests.runs import cleanplate, job, run_inline

FRAMES = 60
LOOPS = 40
WHAT = ("--engine", "blank", "--chunk", "12", "--codec", "ffv1")
REGION = ("--region", "20,20,16,12")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make(tmp_path / "street.mkv", Clip(frames=FRAMES))


class Stages:
    """Stages on loopback, each a process; the metrics of the n-th at the n-th port after the first."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.first = folder, free_ports(10)
        (folder / "token").write_text("a secret of the whole run\n")
        self.processes: list[subprocess.Popen[str]] = []

    def at(self, place: int) -> str:
        return f"tcp://127.0.0.1:{self.first + place}"

    def start(self, stage: str, *words: str) -> "subprocess.Popen[str]":
        metrics = f"127.0.0.1:{self.first + 3 + len(self.processes)}"
        command = [sys.executable, "-m", "deploy", "stage", stage, *words, *WHAT, "--metrics", metrics]
        env = {"CLEANPLATE_TOKEN_FILE": str(self.folder / "token"), "PATH": "/usr/bin:/bin"}
        self.processes.append(subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True))
        return self.processes[-1]

    def await_ready(self) -> None:
        """Wait until every process could work."""
        for process in self.processes:
            until(lambda process=process: self.page(process, "/readyz") == "ok\n", 20, "readiness")  # type: ignore[misc]

    def page(self, process: "subprocess.Popen[str]", path: str) -> str:
        """Return what a process says at a path; empty while it does not listen, or says no."""
        port = self.first + 3 + self.processes.index(process)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""


@contextmanager
def stages(source: Path, target: Path, *, replicas: int = 2) -> Iterator[Stages]:
    """Start encode, segment and replicas; decode is the test's."""
    all_ = Stages(source.parent)
    with ExitStack() as stack:
        stack.callback(lambda: [process.kill() or process.communicate() for process in all_.processes])
        words = ["--replicas", str(replicas), "--stream", "street.mkv"]
        all_.start("encode", str(target), "--listen", all_.at(0), *words)
        all_.start(
            "segment", "--listen", all_.at(1), "--work", all_.at(2), "--to", all_.at(0), *REGION, "--stream", "s"
        )
        for _ in range(replicas):
            all_.start("inpaint", "--work", all_.at(2), "--to", all_.at(0), "--stream", "s")
        yield all_


def test_stages_started_by_hand_do_the_job_and_a_drained_replica_takes_nothing_with_it(
    source: Path, tmp_path: Path
) -> None:
    target, plain = tmp_path / "clean.nut", tmp_path / "plain.nut"
    assert run_inline(job(source, plain, decode=DecodeConfig(loop=LOOPS))).code == 0
    with stages(source, target) as all_:
        encode, segment, leaver, stayer = all_.processes
        all_.await_ready()
        decode = all_.start("decode", str(source), "--to", all_.at(1), "--loop", str(LOOPS))
        until(lambda: 'replica="inpaint' in all_.page(leaver, "/metrics"), 20, "metrics")
        until(lambda: value(all_.page(leaver, "/metrics"), "cleanplate_frames_out_total") > 20, 20, "work")
        leaver.send_signal(signal.SIGTERM)
        assert leaver.wait(20) == 0
        assert segment.poll() is None, "it left while there was work"
        given_again = value(all_.page(segment, "/metrics"), "cleanplate_frames_redispatched_total")
        assert [process.wait(30) for process in (decode, segment, stayer, encode)] == [0, 0, 0, 0]
    assert given_again == 0
    assert target.read_bytes() == plain.read_bytes()


def test_the_chunk_of_a_replica_that_dies_is_done_by_the_other_though_that_is_busy_with_a_later_one(
    source: Path, tmp_path: Path
) -> None:
    target, plain = tmp_path / "clean.nut", tmp_path / "plain.nut"
    assert run_inline(job(source, plain, decode=DecodeConfig(loop=LOOPS))).code == 0
    with stages(source, target) as all_:
        encode, segment, dies, stays = all_.processes
        all_.await_ready()
        dies.send_signal(signal.SIGSTOP)  # so that it surely has a chunk, and has not done it
        decode = all_.start("decode", str(source), "--to", all_.at(1), "--loop", str(LOOPS))
        until(lambda: value(all_.page(stays, "/metrics"), "cleanplate_frames_out_total") > 20, 20, "work")
        dies.kill()
        assert [process.wait(60) for process in (decode, segment, stays, encode)] == [0, 0, 0, 0]
    assert target.read_bytes() == plain.read_bytes()


def test_names_of_replicas_differ_by_themselves(source: Path, tmp_path: Path) -> None:
    with stages(source, tmp_path / "clean.mkv") as all_:
        _, _, one, other = all_.processes
        until(lambda: bool(all_.page(one, "/metrics") and all_.page(other, "/metrics")), 20, "metrics")
        names = {all_.page(process, "/metrics").partition('replica="')[2].partition('"')[0] for process in (one, other)}
    assert len(names) == 2
    assert all(name.startswith(f"inpaint-{socket.gethostname()}-") for name in names)


def test_a_stage_is_alive_before_it_is_ready(tmp_path: Path) -> None:
    first = free_ports(3)
    env = {"CLEANPLATE_TOKEN": "a secret of the whole run", "PATH": "/usr/bin:/bin"}
    metrics, silent = f"127.0.0.1:{first}", f"http://127.0.0.1:{first + 1}/silent.ts"
    command = [sys.executable, "-m", "deploy", "stage", "decode", silent, "--to", f"tcp://127.0.0.1:{first + 2}"]
    with socket.create_server(("127.0.0.1", first + 1)):  # takes the connection, and never says anything
        process = subprocess.Popen([*command, "--metrics", metrics], env=env, stderr=subprocess.DEVNULL)
        try:
            until(lambda: _status(f"http://{metrics}/healthz") == 200, 20, "health")
            assert _status(f"http://{metrics}/readyz") == 503
        finally:
            process.kill()
            process.wait()


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


def test_a_secret_that_is_missing_short_or_unreadable_is_said(tmp_path: Path) -> None:
    words = ("stage", "inpaint", "--work", "ipc://@a", "--to", "ipc://@b")
    (tmp_path / "short").write_text("short\n")
    for name, sentence in (("", "CLEANPLATE_TOKEN must hold"), ("short", "16 characters"), ("gone", "cannot be read")):
        env = {"CLEANPLATE_TOKEN": "", "CLEANPLATE_TOKEN_FILE": str(tmp_path / name) if name else ""}
        told = cleanplate(*words, env=env)
        assert told.returncode == 6
        assert sentence in told.stderr
