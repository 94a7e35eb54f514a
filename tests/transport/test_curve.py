"""What goes over tcp is for those alone who know the token."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from tests.transport.test_links import PATIENT, PICTURE, SHORT
from transport.deadlines import Deadlines
from transport.errors import Silence
from transport.links import Inlet, Outlet
from transport.messages import Frame
from transport.sockets import Hub

TOKEN = "a token that nobody must see"
MARK = b"a face that nobody must see."


class Listener:
    """Whoever sits between two ends and writes down what passes."""

    def __init__(self, port: int) -> None:
        self.heard, self._port = b"", port
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._thread = threading.Thread(target=self._answer)
        self._thread.start()

    def _answer(self) -> None:
        near, _ = self._door.accept()
        with self._door, near, socket.create_connection(("127.0.0.1", self._port)) as far:
            back = threading.Thread(target=self._pass_on, args=(far, near))
            back.start()
            self._pass_on(near, far)
            back.join()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):  # an end may hang up at any time
            while data := one.recv(1 << 16):
                self.heard += data
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    def join(self) -> None:
        """Wait until both ends have hung up."""
        self._thread.join(10)


@contextmanager
def receiver(kind: str) -> Iterator[tuple[Inlet, int]]:
    with Hub(role="segment", name="segment", token=TOKEN, deadlines=PATIENT) as hub:
        endpoint = hub.bind(f"{kind}://127.0.0.1:0", accepts=["decode"])
        yield Inlet(hub, endpoint, (Frame,), budget=20_000), int(endpoint.address.rpartition(":")[2])


def send(address: str, token: str = TOKEN, deadlines: Deadlines = PATIENT) -> None:
    shown = np.frombuffer(MARK.ljust(64 * 48, b"."), np.uint8).reshape(48, 64)
    with Hub(role="decode", name="decode", token=token, deadlines=deadlines) as hub:
        outlet = Outlet(hub, hub.connect(address))
        outlet.send(Frame(seq=0, pts=0, duration=1, key=False, format=PICTURE, planes=(shown,)))
        outlet.end()


@pytest.mark.parametrize(("kind", "readable"), [("tcp", False), ("tcp+plain", True)])
def test_who_listens_on_the_network_reads_neither_pictures_nor_the_token_unless_it_is_plain(
    kind: str, readable: bool
) -> None:
    with receiver(kind) as (inlet, port):
        listener = Listener(port)
        sender = threading.Thread(target=send, args=(f"{kind}://127.0.0.1:{listener.port}",))
        sender.start()
        [frame] = inlet
        sender.join()
    assert isinstance(frame, Frame)
    assert bytes(frame.planes[0].reshape(-1)[: len(MARK)]) == MARK
    listener.join()
    assert ([MARK in listener.heard, TOKEN.encode() in listener.heard]) == [readable, readable]


@pytest.mark.parametrize(("kind", "token"), [("tcp", "another token of that length"), ("tcp+plain", TOKEN)])
def test_who_has_another_token_or_speaks_plainly_gets_no_answer(kind: str, token: str) -> None:
    with receiver("tcp") as (_, port), pytest.raises(Silence, match="nobody with this token answered at tcp"):
        send(f"{kind}://127.0.0.1:{port}", token, SHORT)
