"""Hostile, broken, stopped and vanished peers: who is at fault is named, and who is not is not held to it."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers import Raw, Visitors
from tests.transport.test_links import SENDER, SHORT, address, frame
from transport import codec
from transport.deadlines import Deadlines
from transport.errors import Refused, Silence, WireError
from transport.links import Inlet, Outlet
from transport.messages import Frame
from transport.notes import Beat, Grant, Hello, Item, Welcome
from transport.notes import Refused as RefusedNote
from transport.sockets import Hub

FUTURE = bytes(codec.encode(Beat())[0]).replace(b"\x01", b"\x07", 1)  # as a later version would say it


@pytest.fixture
def hub() -> Iterator[Hub]:
    deadlines = Deadlines(connect=3.0, silence=1.0, beat=0.1, linger=0.5, send=0.5)
    with Hub(role="segment", name="segment", token="t", deadlines=deadlines) as opened:
        yield opened


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([b"\xc1"], "not msgpack"),
        ([FUTURE], "speaks protocol version 7, this side speaks 1"),
        (codec.encode(Beat()), "say hello first"),
        (codec.encode(Hello(token="guess", role="decode", name="x", incarnation="")), "the token is not"),
        (codec.encode(Hello(token="\udc80", role="decode", name="x", incarnation="")), "the token is not"),
        (codec.encode(Hello(token="t", role="king", name="x", incarnation="")), "a king is not expected here"),
    ],
)
def test_a_stranger_is_told_why_it_is_turned_away(
    hub: Hub, tmp_path: Path, parts: list[codec.Part], reason: str
) -> None:
    endpoint = hub.bind(address(tmp_path, "ipc"), accepts=["decode"])
    visitors = Visitors(endpoint)
    with Raw(endpoint.address) as stranger:
        stranger.socket.send_multipart(parts)
        answer = stranger.answer()
    assert isinstance(answer, RefusedNote)
    assert reason in answer.sentence
    assert visitors.seen == []


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([b"\xc1"], "decode.*not msgpack"),
        ([FUTURE], "decode.*version 7"),
        ([*codec.encode(Item()), b"\xc1"], "decode.*not msgpack"),
        (codec.encode(Item()), "decode.*0 parts"),
        ([*codec.encode(Item()), *codec.encode(Beat())], "decode.*a Beat where a message was expected"),
        ([*codec.encode(Item()), *codec.encode(frame(0))[:1]], "decode.*fewer parts"),
        (codec.encode(frame(0)), "decode: fewer parts"),
    ],
)
def test_garbage_of_a_peer_ends_the_stream_and_names_the_peer(
    hub: Hub, tmp_path: Path, parts: list[codec.Part], reason: str
) -> None:
    endpoint = hub.bind(address(tmp_path, "ipc"), accepts=["decode"])
    inlet = Inlet(hub, endpoint, (Frame,), budget=20_000)
    with Raw(endpoint.address) as peer:
        peer.hello()
        assert isinstance(peer.answer(), Welcome)
        peer.socket.send_multipart(parts)
        with pytest.raises(WireError, match=reason):
            next(iter(inlet))
    assert inlet.arrived == 0


def test_more_than_the_credit_is_not_taken(hub: Hub, tmp_path: Path) -> None:
    endpoint = hub.bind(address(tmp_path, "ipc"), accepts=["decode"])
    inlet = Inlet(hub, endpoint, (Frame,), budget=10_000)
    with Raw(endpoint.address) as peer:
        peer.hello()
        for _ in range(4):
            peer.say(Item(), codec.encode(frame(0)))
        with pytest.raises(WireError, match="decode sent a Frame that it had no leave to send"):
            hub.wait(lambda: None, deadline_s=5, what="the fourth frame")
    assert inlet.held <= 4 * codec.cost(codec.encode(frame(0)))


def test_a_peer_that_vanishes_after_its_hello_is_lost(hub: Hub, tmp_path: Path) -> None:
    endpoint = hub.bind(address(tmp_path, "ipc"), accepts=["decode"])
    visitors = Visitors(endpoint)
    with Raw(endpoint.address) as peer:
        peer.hello()
        assert isinstance(peer.answer(), Welcome)
    hub.wait(lambda: len(visitors.seen) == 2 or None, deadline_s=5, what="the loss")
    assert visitors.seen == [("joined", "decode", "raw"), ("lost", "decode", "raw")]


def test_a_peer_that_is_gone_before_its_hello_is_read_leaves_no_ghost(hub: Hub, tmp_path: Path) -> None:
    endpoint = hub.bind(address(tmp_path, "ipc"), accepts=["decode"])
    visitors = Visitors(endpoint)
    with hub.lock:
        with Raw(endpoint.address) as peer:
            peer.hello()
            time.sleep(0.2)  # it arrives, and nobody reads it
        time.sleep(0.2)
        hub.pump(1)
    hub.wait(lambda: not endpoint.peers or None, deadline_s=5, what="the loss")
    kinds = [kind for kind, *_ in visitors.seen]
    assert kinds in (["joined", "lost"], [])  # never lost first and then joined: that would stay for ever


def test_of_two_peers_with_one_name_the_later_is_believed(hub: Hub, tmp_path: Path) -> None:
    endpoint = hub.bind(address(tmp_path, "ipc"), accepts=["decode"])
    visitors = Visitors(endpoint)
    with Raw(endpoint.address) as former, Raw(endpoint.address) as later:
        former.hello(incarnation="1")
        assert former.answer() == Welcome(name="segment")
        later.hello(incarnation="2")
        assert later.answer() == Welcome(name="segment")
        former.say(Grant(amount=1))
        assert isinstance(former.answer(), RefusedNote)
        later.say(Grant(amount=1))
        hub.wait(lambda: len(visitors.seen) == 4 or None, deadline_s=5, what="the later one's grant")
    assert visitors.seen == [
        ("joined", "decode", "1"),
        ("lost", "decode", "1"),
        ("joined", "decode", "2"),
        ("heard", "decode", "Grant"),
    ]


def test_who_is_refused_later_on_stops(hub: Hub, tmp_path: Path) -> None:
    endpoint = hub.bind(address(tmp_path, "ipc"), accepts=["decode"])
    Visitors(endpoint)
    with Hub(role="decode", name="decode", token="t", deadlines=SHORT) as former:
        outlet = Outlet(former, former.connect(endpoint.address))
        former.wait(lambda: endpoint.peers or None, deadline_s=5, what="the welcome")
        with Raw(endpoint.address) as later:
            later.hello()
            with pytest.raises(Refused, match="say hello first"):
                outlet.send(frame(0))


def test_a_peer_that_is_stopped_is_lost_after_the_silence(hub: Hub, tmp_path: Path) -> None:
    inlet = Inlet(hub, hub.bind(address(tmp_path, "ipc"), accepts=["decode"]), (Frame,), budget=12_000)
    sender = subprocess.Popen([sys.executable, "-c", SENDER, f"ipc://{tmp_path}/link", "100000"])
    try:
        with pytest.raises(Silence, match=r"decode is gone; .* and no end"):
            for count, _ in enumerate(inlet):
                if count == 20:
                    sender.send_signal(signal.SIGSTOP)
        assert inlet.arrived >= 20
    finally:
        sender.kill()
        sender.wait()


def test_who_was_away_itself_does_not_hold_the_silence_against_its_peers(hub: Hub, tmp_path: Path) -> None:
    endpoint = hub.bind(address(tmp_path, "ipc"), accepts=["decode"])
    visitors = Visitors(endpoint)
    with Raw(endpoint.address) as peer:
        peer.hello()
        assert isinstance(peer.answer(), Welcome)
        with hub.lock:
            time.sleep(2 * hub.deadlines.silence)  # as if the process were stopped
        hub.wait(iter([None, None, True]).__next__, deadline_s=5, what="two looks at who is there")
        peer.say(Grant(amount=1))
        hub.wait(lambda: len(visitors.seen) == 2 or None, deadline_s=5, what="the grant")
    assert visitors.seen == [("joined", "decode", "raw"), ("heard", "decode", "Grant")]


RECEIVER = """
import sys
from tests.peers import Raw, Visitors
from tests.transport.test_links import SHORT
from transport.links import Inlet
from transport.messages import Frame
from transport.sockets import Hub
with Hub(role="segment", name="segment", token="t", deadlines=SHORT) as hub:
    for frame in Inlet(hub, hub.bind(sys.argv[1], accepts=["decode"]), (Frame,), budget=12_000):
        print(frame.seq, flush=True)
"""


def test_who_was_stopped_itself_does_not_hold_it_against_its_peers(tmp_path: Path) -> None:
    patient = Deadlines(connect=10.0, silence=60.0, beat=0.1, linger=1.0)
    where = f"ipc://{tmp_path}/link"
    receiver = subprocess.Popen([sys.executable, "-c", RECEIVER, where], stdout=subprocess.PIPE, text=True)
    with receiver, Hub(role="decode", name="decode", token="t", deadlines=patient) as hub:
        outlet = Outlet(hub, hub.connect(where))
        for seq in range(60):
            outlet.send(frame(seq))
            if seq == 20:
                receiver.send_signal(signal.SIGSTOP)
                threading.Timer(3 * SHORT.silence, receiver.send_signal, [signal.SIGCONT]).start()
        outlet.end()
        assert receiver.stdout is not None
        assert receiver.stdout.read().split() == [str(seq) for seq in range(60)]
        assert receiver.wait(10) == 0
