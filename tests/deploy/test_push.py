"""A real server, a real process that pushes to it: what arrives, and everything that can go wrong on the way."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import psutil
import pytest

from deploy.push import Push
from tests.clips import Clip, number_in
from tests.rtp import pictures_of
from tests.rtsp import RtspServer
from tests.stages.encoded import pieces
from tests.stages.live import TICKS, coded, endless
from transport.messages import Packet, StreamInfo

ROOT = Path(__file__).parents[2]
CAMERA = Clip(frames=50, time_base=TICKS, width=320, height=240)
PATIENCE_S = 25.0  # of a test with a process on a busy machine
STEP_S = 0.004  # between two packets: ten times real time
LONGEST_S = 2.0  # that a call may take on a busy machine; one that waits for a server takes longer


@pytest.fixture(scope="module")
def stream() -> tuple[StreamInfo, list[Packet]]:
    return coded(CAMERA, gop_s=0.4, crf=5)  # large packets fill buffers soon


def feed(push: Push, packets: Iterator[Packet], until: Callable[[], bool]) -> None:
    """Put packets as a camera does, until something is true; no call may ever wait."""
    deadline = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < deadline, f"it never came true; {push.state}"
        started = time.monotonic()
        push.put(next(packets))
        assert time.monotonic() - started < LONGEST_S
        time.sleep(STEP_S)


@contextlib.contextmanager
def pushing(info: StreamInfo, url: str, **bounds: float) -> Iterator[Push]:
    push = Push(url, **bounds)
    push.begin(info)
    try:
        yield push
    finally:
        push.end()
        push.join(time.monotonic() + 5)


def arrived(server: RtspServer) -> int:
    """How many packets the latest push to the server has brought."""
    push = server.pushes.get("clean")
    return len(push.packets) if push else 0


def pictures(server: RtspServer) -> list[int]:
    """The numbers in the pictures that the latest push has brought."""
    push = server.pushes["clean"]
    return [
        number_in(picture) for _, picture in pictures_of([data for way, data in push.packets if way == 0], push.sdp)
    ]


def test_every_frame_and_all_the_sound_arrive_in_order(tmp_path: Path):
    info, packets = coded(Clip(frames=75, audio=("aac",)), tmp_path, gop_s=1.0)
    with RtspServer() as server, pushing(info, server.url("clean")) as push:
        for packet in packets:
            push.put(packet)
            time.sleep(STEP_S)
        push.end()
        push.join(time.monotonic() + PATIENCE_S)
        assert pictures(server) == list(range(75))
        sound = [data[16:] for way, data in server.pushes["clean"].packets if way == 2]
        source = b"".join(piece.data for piece in pieces(tmp_path / "source.mkv", "audio")[2:])
        assert source[:2000] in b"".join(sound)
        assert (push.state.sent, push.state.failures, push.state.trouble) == (len(packets), 0, "")


def test_a_server_that_is_not_there_is_tried_until_it_is(
    stream: tuple[StreamInfo, list[Packet]], caplog: pytest.LogCaptureFixture
):
    info, packets = stream
    with RtspServer() as server:
        port = server.port
    source = endless(packets, Fraction(2))
    with pushing(info, f"rtsp://user:s3cret@127.0.0.1:{port}/clean") as push:
        feed(push, source, lambda: push.state.failures == 1)
        assert push.state.trouble == "it cannot be written: connection refused"
        with RtspServer(port=port, login="user:s3cret") as server:
            feed(push, source, lambda: arrived(server) > 100 and not push.state.trouble)
            assert pictures(server)[0] in range(0, 50, 10)  # keyframes
        assert (
            f"127.0.0.1:{port}/clean: it cannot be written: connection refused; it is tried again in 1 s" in caplog.text
        )
        assert "s3cret" not in caplog.text


def test_a_connection_that_is_cut_is_made_again(stream: tuple[StreamInfo, list[Packet]]):
    info, packets = stream
    with RtspServer() as server:
        source = endless(packets, Fraction(2))
        with pushing(info, server.url("clean")) as push:
            feed(push, source, lambda: arrived(server) > 50)
            first = server.pushes["clean"]
            server.disconnect()
            feed(push, source, lambda: server.pushes["clean"] is not first and arrived(server) > 50)
            assert push.state.failures == 1
            assert pictures(server)[0] in range(0, 50, 10)


@pytest.mark.parametrize("fault", ["silent", "deaf", "stopped"])
def test_what_blocks_is_killed_and_begun_again(stream: tuple[StreamInfo, list[Packet]], fault: str):
    """A server that accepts and never answers; one that stops reading; a process that stands still."""
    info, packets = stream
    with RtspServer() as server:
        source = endless(packets, Fraction(2))
        if fault == "silent":
            server.silent.set()
        with pushing(info, server.url("clean"), still_s=2.0, most_bytes=100_000) as push:
            if fault != "silent":
                feed(push, source, lambda: arrived(server) > 20)
            if fault == "deaf":
                server.deaf.set()
            if fault == "stopped":
                assert push.pid is not None
                os.kill(push.pid, signal.SIGSTOP)
            stuck = push.pid
            feed(push, source, lambda: push.state.failures == 1)
            assert push.state.trouble == "no packet got through in 2 s"
            assert stuck is not None
            assert not psutil.pid_exists(stuck)
            assert push.state.dropped > 0
            server.silent.clear()
            server.deaf.clear()
            server.pushes.clear()
            feed(push, source, lambda: arrived(server) > 50)
            assert pictures(server)[0] in range(0, 50, 10)


def test_a_process_that_is_killed_is_started_again(stream: tuple[StreamInfo, list[Packet]]):
    info, packets = stream
    with RtspServer() as server:
        source = endless(packets, Fraction(2))
        with pushing(info, server.url("clean")) as push:
            feed(push, source, lambda: arrived(server) > 20)
            assert push.pid is not None
            os.kill(push.pid, signal.SIGKILL)
            feed(push, source, lambda: push.state.failures == 1)
            assert push.state.trouble == "its process was killed by signal 9"
            server.pushes.clear()
            feed(push, source, lambda: arrived(server) > 20)
        assert push.pid is None


def test_nobody_gets_to_see_the_password(
    stream: tuple[StreamInfo, list[Packet]], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    info, packets = stream
    caplog.set_level(logging.DEBUG)
    with RtspServer(login="user:s3cret") as server:
        source = endless(packets, Fraction(2))
        with pushing(info, server.url("clean", login="user:wr0ng")) as push:
            assert push.pid is not None
            child = psutil.Process(push.pid)
            shown = [*child.cmdline(), *child.environ().items(), child.name()]
            feed(push, source, lambda: push.state.failures == 1)
            assert "401" in push.state.trouble
            shown += [push.state, caplog.text, *capfd.readouterr()]
    assert "s3cret" not in str(shown)
    assert "wr0ng" not in str(shown)


def test_no_process_outlives_the_one_that_started_it(tmp_path: Path):
    code = """
        import sys, time
        from deploy.push import Push
        from tests.clips import Clip
        from tests.stages.live import coded
        info, packets = coded(Clip(frames=30))
        push = Push(sys.argv[1])
        push.begin(info)
        for packet in packets:
            push.put(packet)
        print(push.pid, flush=True)
        time.sleep(60)
    """
    with RtspServer() as server:
        command = [sys.executable, "-c", textwrap.dedent(code), server.url("clean")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
            assert parent.stdout is not None
            child = psutil.Process(int(parent.stdout.readline()))
            deadline = time.monotonic() + PATIENCE_S
            while not arrived(server) and time.monotonic() < deadline:  # it is far enough to have asked the kernel
                time.sleep(0.05)
            parent.kill()
        with contextlib.suppress(psutil.NoSuchProcess):
            child.wait(PATIENCE_S)
        assert not child.is_running()
