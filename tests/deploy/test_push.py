"""A real server, a real process that pushes to it: what arrives there, and what nobody gets to see."""

import contextlib
import logging
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import psutil
import pytest

from tests.clips import Clip
from tests.ports import free_ports
from tests.pushing import CAMERA, PATIENCE_S, feed, pictures, pushing
from tests.rtsp import RtspServer
from tests.stages.encoded import pieces
from tests.stages.live import coded, endless
from transport.messages import Packet, StreamInfo

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def stream() -> tuple[StreamInfo, list[Packet]]:
    return coded(CAMERA, gop_s=0.4, crf=5)  # large packets fill buffers soon


def test_every_frame_and_all_the_sound_arrive_in_order_from_a_keyframe_on(tmp_path: Path):
    info, packets = coded(Clip(frames=75, audio=("aac",)), tmp_path, gop_s=1.0)
    put = 0

    def counted() -> Iterator[Packet]:
        nonlocal put
        for packet in endless(packets, Fraction(3)):
            put += 1
            yield packet

    with RtspServer() as server, pushing(info, server.url("clean")) as push:
        feed(push, counted(), lambda: push.state.sent > 400)
        push.end()
        push.join(time.monotonic() + PATIENCE_S)
        found = pictures(server)
        assert found[0] in (0, 25, 50)
        assert len(found) > 100
        assert found == [(found[0] + count) % 75 for count in range(len(found))]
        sound = b"".join(data[16:] for way, data in server.pushes["clean"].packets if way == 2)
        source = [piece.data for piece in pieces(tmp_path / "source.mkv", "audio")]
        assert b"".join(source[50:100]) in sound
        assert (push.state.sent + push.state.dropped, push.state.failures, push.state.trouble) == (put, 0, "")


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
            while (
                "clean" not in server.pushes and time.monotonic() < deadline
            ):  # it is far enough to have asked the kernel
                time.sleep(0.05)
            parent.kill()
        with contextlib.suppress(psutil.NoSuchProcess):
            child.wait(PATIENCE_S)
        assert not child.is_running()


def test_rtmp_arrives_as_well(tmp_path: Path):
    """FFmpeg is the server here; it must be another process, since it waits for its client with the lock in hand."""
    code = """
        import sys, av
        from tests.clips import number_in
        with av.open(sys.argv[1], options={"listen": "1", "timeout": "20"}, format="flv") as file:
            print(*(stream.codec_context.name for stream in file.streams))
            for count, frame in enumerate(file.decode(video=0)):
                print(number_in(frame.to_ndarray(format="gray")), flush=True)
                if count == 40:
                    break
    """
    info, packets = coded(Clip(frames=75, audio=("aac",)), tmp_path, gop_s=1.0)
    url = f"rtmp://127.0.0.1:{free_ports(1)}/live/clean"
    command = [sys.executable, "-c", textwrap.dedent(code), url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server, pushing(info, url) as push:
        feed(push, endless(packets, Fraction(3)), lambda: server.poll() is not None)
        assert server.stdout is not None
        kinds, *numbers = server.stdout.read().split("\n")[:-1]
    assert kinds.split() == ["h264", "aac"]
    found = [int(number) for number in numbers]
    assert found[0] in (0, 25, 50)
    assert found == [(found[0] + count) % 75 for count in range(41)]
