"""Peers that do not keep to the rules, and a link that only watches: for tests of sockets."""

from collections.abc import Sequence

import zmq

from transport import codec
from transport.curve import call_with
from transport.endpoint import Endpoint
from transport.notes import Beat, Hello, Note
from transport.peers import Peer


class Raw:
    """A peer that says whatever it is told to."""

    def __init__(self, where: str, **options: int) -> None:
        self._context = zmq.Context()
        self.socket: zmq.Socket[bytes] = self._context.socket(zmq.DEALER)
        if where.startswith("tcp:"):  # it knows how to speak, and says what it should not
            call_with("t", self.socket)
        for name, value in {"SNDTIMEO": 5000, **options}.items():
            self.socket.setsockopt(getattr(zmq, name), value)
        self.socket.connect(where.replace("+plain", ""))

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_: object) -> None:
        self._context.destroy(linger=500)

    def say(self, note: Note, parts: Sequence[codec.Part] = ()) -> None:
        self.socket.send_multipart([*codec.encode(note), *parts])

    def hello(self, name: str = "decode", incarnation: str = "raw") -> None:
        self.say(Hello(token="t", role="decode", name=name, incarnation=incarnation))

    def answer(self) -> object:
        """Return what comes next that is not just a sign of life."""
        while self.socket.poll(5000):
            if not isinstance(note := codec.decode(self.socket.recv_multipart()[:1]), Beat):
                return note
        raise AssertionError("no answer")


class Visitors:
    """A link that only keeps a list of who came and went."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.seen: list[tuple[str, str, str]] = []
        endpoint.link = self

    def joined(self, peer: Peer) -> None:
        self.seen.append(("joined", peer.name, peer.incarnation))

    def heard(self, peer: Peer, note: Note, parts: Sequence[codec.Part]) -> None:
        self.seen.append(("heard", peer.name, type(note).__name__))

    def lost(self, peer: Peer) -> None:
        self.seen.append(("lost", peer.name, peer.incarnation))
