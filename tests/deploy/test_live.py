"""A camera in, a clean stream out: a real server, real processes, numbered frames, a region that must never show."""

import signal
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest

from deploy.config import Job
from deploy.outcome import Outcome
from deploy.policy import LivePolicy, as_live
from deploy.run import check_job
from deploy.supervisor import Supervisor
from stages.decode.config import DecodeConfig
from stages.encode.config import EncodeConfig
from stages.pixels import luma
from tests.clips import Clip, make, number
from tests.ports import free_ports
from tests.rtsp import RtspServer
from tests.runs import frames_of, job, run, times_of
from transport.messages import Frame

FRAMES = 200
POLICY = LivePolicy(latency_s=1.5, silence_s=2.0)
INSIDE = slice(20, 32), slice(20, 36)  # of the region that `job` removes


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of numbered frames, 8 s, with a keyframe every second."""
    return make(tmp_path_factory.mktemp("camera") / "clip.mp4", Clip(frames=FRAMES, options={"g": "25", "bf": "0"}))


@pytest.fixture
def camera(clip: Path) -> Iterator[RtspServer]:
    """A camera that plays the clip in a loop."""
    with RtspServer(clip) as server:
        yield server


def live(source: str, target: Path) -> Job:
    """Return the job of removing a region from a camera's stream."""
    return replace(job(Path(), target), source=source, decode=as_live(DecodeConfig(), POLICY), live=POLICY)


def done(supervisor: Supervisor, stage: str = "decode") -> int:
    """Return the frames that a stage has taken, in all its lives."""
    child = supervisor.children.get(stage)
    return child.total().frames_in if child else 0


def play(job: Job, script: Iterator[Callable[[Supervisor], bool]], seconds: float = 50) -> Outcome:
    """Run a job until each step of a script, one after the other, has come true; then ask it to end."""
    deadline, step = time.monotonic() + seconds, next(script)

    def show(supervisor: Supervisor) -> None:
        nonlocal step
        if not supervisor.signals and (step(supervisor) or time.monotonic() > deadline):
            step = next(script, never)
            if step is never:
                supervisor.signals.append(signal.SIGINT)

    outcome = run(job, show)
    assert outcome.code == 130, outcome.sentence
    assert outcome.ledger.imbalance == 0
    return outcome


def never(_: Supervisor) -> bool:
    return False


def unclean(frame: Frame) -> bool:
    """Tell whether anything but grey is seen where something was to be removed."""
    return bool(np.ptp(luma(frame)[INSIDE]) > 0)


def shown(path: Path) -> list[int]:
    """Return the numbers of the frames, having looked that each is clean and comes at its time."""
    frames = frames_of(path)
    assert not any(unclean(frame) for frame in frames)
    assert all(abs(float(b - a) - 0.04) < 0.003 for a, b in pairwise(times_of(path)))
    return [number(frame) for frame in frames]


def rises(numbers: list[int]) -> int:
    """Return how often the numbers do not go on from one to the next, or stay."""
    return sum((b - a) % FRAMES not in (0, 1) for a, b in pairwise(numbers))


def test_a_camera_comes_out_clean_in_order_and_at_a_constant_rate(camera: RtspServer, tmp_path: Path) -> None:
    niceness: dict[str, int] = {}

    def sample(supervisor: Supervisor) -> bool:
        for name in ("inpaint-0", "encode"):
            if name in supervisor.children:
                niceness[name] = psutil.Process(supervisor.children[name].process.pid).nice()
        return done(supervisor, "encode") >= 100

    def script() -> Iterator[Callable[[Supervisor], bool]]:
        yield sample

    outcome = play(live(camera.url(), tmp_path / "out.mkv"), script())
    assert niceness["inpaint-0"] > niceness["encode"]  # who keeps the clock goes first
    numbers = shown(tmp_path / "out.mkv")
    assert len(set(numbers)) >= 80
    assert len(numbers) == outcome.ledger.frames_out
    assert rises(numbers[-60:]) == 0 or outcome.ledger.dropped


def test_a_camera_that_goes_is_waited_for_with_its_last_clean_picture(clip: Path, tmp_path: Path) -> None:
    servers = [RtspServer(clip).__enter__()]

    def script() -> Iterator[Callable[[Supervisor], bool]]:
        yield lambda supervisor: done(supervisor, "encode") >= 30
        port = servers[0].port
        servers[0].stop()
        gone = time.monotonic()
        yield lambda supervisor: time.monotonic() > gone + 0.5
        servers.append(RtspServer(clip, port=port).__enter__())
        before: list[int] = []

        def back(supervisor: Supervisor) -> bool:
            before.append(done(supervisor, "encode"))
            return before[-1] > before[0] + 50

        yield back

    try:
        outcome = play(live(servers[0].url(), tmp_path / "out.mkv"), script())
    finally:
        servers[-1].stop()
    numbers = shown(tmp_path / "out.mkv")
    assert outcome.ledger.repeated > 10
    longest = max(len(run) for run in "".join("=" if a == b else " " for a, b in pairwise(numbers)).split())
    assert longest > 10  # the last clean picture through the gap
    assert len(numbers) == outcome.ledger.frames_out


def test_a_camera_that_falls_silent_is_opened_anew(camera: RtspServer, tmp_path: Path) -> None:
    def script() -> Iterator[Callable[[Supervisor], bool]]:
        yield lambda supervisor: done(supervisor, "encode") >= 20
        camera.stalled.set()
        yield lambda supervisor: supervisor.crew.reopened > 0
        camera.stalled.clear()
        before: list[int] = []

        def back(supervisor: Supervisor) -> bool:
            before.append(done(supervisor))
            return before[-1] > before[0] + 20

        yield back

    play(live(camera.url(), tmp_path / "out.mkv"), script())
    assert shown(tmp_path / "out.mkv")


def test_nothing_unclean_leaves_whatever_is_killed_or_overloaded(camera: RtspServer, tmp_path: Path) -> None:
    def starved(frames: int) -> Callable[[Supervisor], bool]:
        """Let the engine run a fifth of the time only, until so many frames more came in."""
        first: list[int] = []

        def step(supervisor: Supervisor) -> bool:
            first.append(done(supervisor))
            runs = time.monotonic() % 0.25 < 0.05
            supervisor.children["inpaint-0"].send(signal.SIGCONT if runs else signal.SIGSTOP)
            return first[-1] > first[0] + frames

        return step

    def kill(name: str) -> Callable[[Supervisor], bool]:
        def step(supervisor: Supervisor) -> bool:
            supervisor.children[name].send(signal.SIGCONT)
            supervisor.children[name].send(signal.SIGKILL)
            return True

        return step

    def script() -> Iterator[Callable[[Supervisor], bool]]:
        yield lambda supervisor: done(supervisor, "encode") >= 20
        yield starved(100)
        yield kill("inpaint-0")
        yield kill("decode")
        before: list[int] = []

        def back(supervisor: Supervisor) -> bool:
            before.append(done(supervisor, "encode"))
            return before[-1] > before[0] + 30

        yield back

    outcome = play(live(camera.url(), tmp_path / "out.mkv"), script())
    assert shown(tmp_path / "out.mkv")  # each looked at
    assert outcome.ledger.restarts >= 1
    assert outcome.ledger.repeated > 0
    assert sum(outcome.ledger.dropped.values()) > 0


def test_one_encoding_goes_to_a_server_to_files_and_to_whoever_looks(camera: RtspServer, tmp_path: Path) -> None:
    looks: list[bytes] = []

    def look(path: str) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/preview/{path}", timeout=10) as answer:
            while b"\xff\xd9" not in (looks[-1] if looks else b""):
                looks.append((looks.pop() if looks else b"") + answer.read(512))

    def script() -> Iterator[Callable[[Supervisor], bool]]:
        yield lambda supervisor: done(supervisor, "encode") >= 20
        threading.Thread(target=look, args=("segment",), daemon=True).start()
        yield lambda supervisor: done(supervisor, "encode") >= 130 and b"\xff\xd9" in b"".join(looks)

    port = free_ports(1)
    folders = f"hls:{tmp_path}/hls", f"record:{tmp_path}/record"
    pushed = live(camera.url(), Path())
    job = replace(pushed, target=camera.url("clean"), also=folders, preview=f"127.0.0.1:{port}", encode=EncodeConfig())
    check_job(job)
    outcome = play(job, script())
    assert len(camera.pushes["clean"].packets) > 60
    (recording,) = (tmp_path / "record").iterdir()
    frames = frames_of(recording)
    assert len(frames) == outcome.ledger.frames_out
    assert all(luma(frame)[INSIDE].std() < 6 for frame in frames)  # grey, through a lossy codec
    assert "segment-0.m4s" in (tmp_path / "hls" / "stream.m3u8").read_text()


def test_a_camera_that_was_never_there_is_said_at_once(tmp_path: Path) -> None:
    outcome = run(live("rtsp://user:secret@127.0.0.1:9/live", tmp_path / "out.mkv"), lambda supervisor: None)
    assert outcome.code == 3
    assert "rtsp://127.0.0.1:9/live cannot be read" in outcome.sentence
    assert "secret" not in outcome.sentence
