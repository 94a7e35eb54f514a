"""Strangers who babble, flood or send too much at once: the others' streams go on."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from tests.peers import Raw
from tests.transport.test_links import PATIENT, SENDER, address, frame
from transport import codec
from transport.endpoint import Endpoint
from transport.links import Inlet
from transport.messages import Frame
from transport.notes import Beat, Grant, Hello, Item, Welcome
from transport.notes import Refused as RefusedNote
from transport.sockets import Hub

GARBAGE = (
    [b""],
    [b"\0" * 5000],
    [b"GET / HTTP/1.1\r\n\r\n"],
    [b"\xdd\xff\xff\xff\xff"],
    [b"\x91" * 1020 + b"\xc0"],
    [b"", b"", b"x" * 100],
    [bytes([byte]) for byte in range(256)],
    codec.encode(Beat()),
    codec.encode(Grant(amount=1 << 62)),
    [*codec.encode(Item()), *codec.encode(frame(0))],
    codec.encode(frame(0)),
    codec.encode(Hello(token="guess", role="decode", name="decode", incarnation="1")),
    codec.encode(Hello(token="\udc80", role="decode", name="\udcff", incarnation="1")),
    codec.encode(Hello(token="t", role="king", name="decode", incarnation="1")),
    codec.encode(Welcome(name="segment")),
    codec.encode(RefusedNote(sentence="go away")),
)


@pytest.fixture
def patient() -> Iterator[Hub]:
    with Hub(role="segment", name="segment", token="t", deadlines=PATIENT) as opened:
        yield opened


def read_all_while(hub: Hub, endpoint: Endpoint, disturb: threading.Thread) -> None:
    """Take a stream of 200 frames while a thread disturbs it from beginning to end."""
    inlet = Inlet(hub, endpoint, (Frame,), budget=20_000)
    disturb.start()
    sender = subprocess.Popen([sys.executable, "-c", SENDER, endpoint.address, "200"])
    assert [(item.seq, int(item.planes[0][0, 0])) for item in inlet] == [(seq, seq % 256) for seq in range(200)]
    assert sender.wait(10) == 0
    disturb.join()


@pytest.mark.parametrize("kind", ["ipc", "tcp", "tcp+plain"])
def test_what_strangers_say_disturbs_no_stream(patient: Hub, tmp_path: Path, kind: str) -> None:
    endpoint = patient.bind(address(tmp_path, kind), accepts=["decode"])

    def babble() -> None:
        for _ in range(20):
            with Raw(endpoint.address) as stranger:
                for parts in GARBAGE:
                    stranger.socket.send_multipart(parts)

    read_all_while(patient, endpoint, threading.Thread(target=babble))


def test_what_is_not_even_zeromq_disturbs_no_stream(patient: Hub) -> None:
    endpoint = patient.bind("tcp://127.0.0.1:0", accepts=["decode"])
    where = ("127.0.0.1", int(endpoint.address.rpartition(":")[2]))
    greeting = b"\xff\0\0\0\0\0\0\0\x01\x7f"
    shouts = [b"GET / HTTP/1.1\r\nHost: here\r\n\r\n", b"\0" * 9000, b"\xff" * 9000, os.urandom(9000), b""]
    shouts += [greeting, greeting + b"\x03\x01NULL" + bytes(48), greeting + os.urandom(900), b"\x01\0\x05\0hello" * 99]

    def shout() -> None:
        for _ in range(10):
            for words in shouts:
                with socket.create_connection(where) as caller:
                    try:
                        caller.sendall(words)
                    except OSError:
                        continue  # hung up on: as it should be

    read_all_while(patient, endpoint, threading.Thread(target=shout))


def test_a_stranger_who_floods_and_never_listens_disturbs_no_stream(patient: Hub, tmp_path: Path) -> None:
    endpoint = patient.bind(address(tmp_path, "ipc"), accepts=["decode"])

    def flood() -> None:
        with Raw(endpoint.address, RCVHWM=1, SNDTIMEO=5000) as stranger:
            for _ in range(20_000):  # more than the high-water marks and the buffers between would hold of answers
                stranger.socket.send(b"?")

    read_all_while(patient, endpoint, threading.Thread(target=flood))


@pytest.mark.parametrize("kind", ["ipc", "tcp", "tcp+plain"])
def test_a_part_that_is_too_long_costs_its_sender_the_connection(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codec, "MAX_PART", 100_000)  # instead of a gigabyte
    with Hub(role="segment", name="segment", token="t", deadlines=PATIENT) as hub:
        endpoint = hub.bind(address(tmp_path, kind), accepts=["decode"])

        def send_too_much() -> None:
            with Raw(endpoint.address) as stranger:
                for _ in range(5):
                    with contextlib.suppress(zmq.Again):  # it was hung up on
                        stranger.socket.send(bytes(100_001))

        read_all_while(hub, endpoint, threading.Thread(target=send_too_much))
