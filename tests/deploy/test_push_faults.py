"""Servers that are gone, silent, deaf or cut a push off, and processes that stop: all of it passes."""

import os
import signal
import subprocess
import sys
import textwrap
from fractions import Fraction

import psutil
import pytest

from deploy.push import UNANSWERED_S
from tests.pushing import CAMERA, arrived, feed, pictures, pushing
from tests.rtsp import RtspServer
from tests.stages.live import coded, endless
from transport.messages import Packet, StreamInfo


@pytest.fixture(scope="module")
def stream() -> tuple[StreamInfo, list[Packet]]:
    return coded(CAMERA, gop_s=0.4, crf=5)  # large packets fill buffers soon


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
        said = f"127.0.0.1:{port}/clean: it cannot be written: connection refused; it is tried again in 1 s"
        assert said in caplog.text
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
            stuck, before = push.pid, push.state.failures  # on a busy machine the first may not answer in 2 s
            feed(push, source, lambda: push.state.failures == before + 1)
            said = {"silent": ["it did not answer"], "deaf": ["no packet got through"]}
            either = ["it did not answer", "no packet got through"]  # it may be stopped before it has said a word
            assert push.state.trouble in [f"{words} in 2 s" for words in said.get(fault, either)]
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


def test_a_connection_that_nobody_answers_on_is_given_up_by_the_kernel_after_seconds():
    """The kernel's own patience is a quarter of an hour; see tests/bench/network.py for what it does in a run."""
    code = """
        import socket
        from deploy.push import _set_sockets
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as sender:
            _set_sockets()
            print(sender.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert run.stdout == f"{round(1000 * UNANSWERED_S)}\n"
