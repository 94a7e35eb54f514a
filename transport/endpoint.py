"""One ZeroMQ socket and the peers at its other end: the handshake, signs of life, and who is lost.

ROUTER where it binds, DEALER where it connects. What the peers say of their work goes to the endpoint's link.
"""

import hmac
import logging
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import zmq

from transport import codec
from transport.deadlines import Deadlines
from transport.errors import Forgotten, Refused, Silence, WireError
from transport.messages import Message
from transport.notes import Beat, Hello, Note, Welcome
from transport.notes import Refused as RefusedNote
from transport.peers import Link, Peer

log = logging.getLogger(__name__)

HIGH_WATER = 4096  # messages; a second fence behind the credit in bytes
MAX_PEERS = 256


class Process(Protocol):
    """Whose endpoint it is."""

    name: str
    token: str

    @property
    def lock(self) -> AbstractContextManager[object]:
        """Held by whoever uses a socket."""
        ...

    def hello(self) -> Hello:
        """Return how it introduces itself."""
        ...


class Endpoint:
    """One socket and the peers at its other end."""

    def __init__(self, process: Process, socket: "zmq.Socket[bytes]", address: str, accepts: frozenset[str]) -> None:
        self._process, self._socket, self._accepts = process, socket, accepts
        self.address = address
        self.peers: dict[bytes, Peer] = {}
        self.link: Link | None = None
        self.binds = socket.type == zmq.ROUTER
        self.copy = address.startswith("ipc")  # over ipc one copy on reading beats none (measured: tests/bench/hop.py)
        self._started = time.monotonic()
        if not self.binds:
            self.peers[b""] = Peer(id=b"")

    @property
    def peer(self) -> Peer:
        """The one peer of a connecting endpoint."""
        return self.peers[b""]

    def post(self, peer: Peer, note: Note, parts: Sequence[codec.Part] = ()) -> None:
        """Send a note, with the parts of a message behind it if there is one."""
        with self._process.lock:
            self._send(peer, [*codec.encode(note), *parts])

    def _send(self, peer: Peer, parts: list[codec.Part]) -> None:
        flags = 0 if peer.welcome else zmq.NOBLOCK  # nobody waits for a stranger
        try:
            self._socket.send_multipart([peer.id, *parts] if self.binds else parts, flags, copy=False)
        except zmq.Again as error:
            if flags:
                return
            raise Silence(f"{peer.name or self.address} takes nothing any more") from error
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self._lose(peer)
            return
        peer.sent = time.monotonic()

    def receive_all(self) -> None:
        """Take in what has arrived, but come to an end however fast more arrives."""
        for _ in range(HIGH_WATER):
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK, copy=self.copy)
            except zmq.Again:
                return
            self._take([part if isinstance(part, bytes) else part.buffer for part in parts])

    def _take(self, parts: list[codec.Part]) -> None:
        sender = bytes(parts[0]) if self.binds else b""
        parts = parts[1:] if self.binds else parts
        peer = self.peers.get(sender)
        try:
            note = codec.decode(parts[:1])
        except WireError as error:
            self._reject(sender, peer, error)
            return
        if isinstance(note, Hello) and self.binds:
            self._meet(sender, peer, note)
        elif peer is None:
            log.warning("%s: dropped a note of a stranger", self.address)
            self._send(Peer(id=sender), [*codec.encode(RefusedNote(sentence="say hello first"))])
        else:
            peer.heard = time.monotonic()
            self._hear(peer, note, parts[1:])

    def _reject(self, sender: bytes, peer: Peer | None, error: WireError) -> None:
        if peer is not None and peer.welcome:
            raise WireError(f"{peer.name}: {error}") from error
        log.warning("%s: dropped bytes of a stranger: %s", self.address, error)
        if self.binds:
            self._send(Peer(id=sender), [*codec.encode(RefusedNote(sentence=str(error)))])

    def _meet(self, sender: bytes, known: Peer | None, hello: Hello) -> None:
        """Welcome a peer, or say why not; saying hello twice changes nothing."""
        reason = self._objection(hello)
        if reason:
            log.warning("%s: refused %s: %s", self.address, _plain(hello.name[:40]), reason)
            self._send(Peer(id=sender), [*codec.encode(RefusedNote(sentence=reason))])
            return
        peer = known or Peer(id=sender, role=hello.role, name=hello.name, incarnation=hello.incarnation, welcome=True)
        peer.heard = time.monotonic()
        self._send(peer, [*codec.encode(Welcome(name=self._process.name))])
        if known is None and peer.sent:  # not sent: it went before it was welcomed
            self.peers[sender] = peer
            for other in list(self.peers.values()):
                if other.name == peer.name and other is not peer:
                    self._lose(other)
            self._joined(peer)

    def _objection(self, hello: Hello) -> str:
        if not hmac.compare_digest(hello.token.encode(errors="surrogateescape"), self._process.token.encode()):
            return "the token is not that of this run"
        if hello.role not in self._accepts:
            return f"a {_plain(hello.role[:20])} is not expected here, but {' or '.join(sorted(self._accepts))}"
        if len(self.peers) >= MAX_PEERS:
            return f"there are {MAX_PEERS} peers already"
        return ""

    def _hear(self, peer: Peer, note: Message | Note, parts: Sequence[codec.Part]) -> None:
        match note:
            case Welcome():
                if not peer.welcome:
                    peer.welcome, peer.name = True, note.name
                    self._joined(peer)
            case RefusedNote():
                kind = Forgotten if peer.welcome else Refused
                raise kind(f"{self.address} refused {self._process.name}: {note.sentence}")
            case Beat():
                pass
            case _ if self.link is not None:
                self.link.heard(peer, note, parts)  # type: ignore[arg-type]

    def _joined(self, peer: Peer) -> None:
        if self.link is not None:
            self.link.joined(peer)

    def lose(self, name: str, incarnation: str) -> None:
        """Drop a peer that is known to be gone."""
        for peer in list(self.peers.values()):
            if (peer.name, peer.incarnation) == (name, incarnation):
                self._lose(peer)

    def _lose(self, peer: Peer) -> None:
        if self.binds and self.peers.pop(peer.id, None) is None:
            return
        if self.link is not None:
            self.link.lost(peer)

    def tend(self, now: float, deadlines: Deadlines, away: bool) -> None:
        """Send what is due to be sent, and lose who has been silent too long."""
        for peer in list(self.peers.values()):
            if away:
                peer.heard = now
            if not peer.welcome:
                self._knock(peer, now, deadlines)
            elif now - peer.heard > deadlines.silence:
                log.warning("%s: %s has been silent for %.0f s", self.address, peer.name, now - peer.heard)
                peer.heard = now  # whoever stays in spite of it is told again after as long a silence
                self._lose(peer)
            elif now - peer.sent > deadlines.beat:
                self._send(peer, [*codec.encode(Beat())])

    def _knock(self, peer: Peer, now: float, deadlines: Deadlines) -> None:
        if now - self._started > deadlines.connect:
            raise Silence(f"nobody with this token answered at {self.address} within {deadlines.connect:.0f} s")
        if now - peer.sent > 0.2:
            self._send(peer, [*codec.encode(self._process.hello())])


def _plain(text: str) -> str:
    """Return what a stranger says as it can be shown and logged anywhere."""
    return text.encode("ascii", "backslashreplace").decode()
