"""The sockets of one process: handshake, heartbeat and deadlines. It and curve.py import zmq.

An endpoint is one ZeroMQ socket: ROUTER where it binds, DEALER where it connects. Every endpoint of a process belongs
to one Hub, which is served by whichever thread waits on it; a small thread serves it while the others compute, so
that heartbeats and credit flow at all times.
"""

import hmac
import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import zmq

from transport import codec
from transport.curve import call_with, listen_with
from transport.deadlines import Deadlines
from transport.errors import AddressError, Forgotten, Refused, Silence, Stopped, WireError
from transport.messages import Message
from transport.notes import Beat, Hello, Note, Welcome
from transport.notes import Refused as RefusedNote
from transport.peers import Link, Peer

log = logging.getLogger(__name__)
T = TypeVar("T")

HIGH_WATER = 4096  # messages; a second fence behind the credit in bytes
MAX_PEERS = 256
TCP = "tcp:"
PLAIN = "+plain"  # of tcp+plain://, which goes as it is: four times as fast, for a network of one's own


class Endpoint:
    """One socket and the peers at its other end."""

    def __init__(self, hub: "Hub", socket: "zmq.Socket[bytes]", address: str, accepts: frozenset[str]) -> None:
        self._hub, self._socket, self._accepts = hub, socket, accepts
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
        with self._hub.lock:
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
        self._send(peer, [*codec.encode(Welcome(name=self._hub.name))])
        if known is None and peer.sent:  # not sent: it went before it was welcomed
            self.peers[sender] = peer
            for other in list(self.peers.values()):
                if other.name == peer.name and other is not peer:
                    self._lose(other)
            self._joined(peer)

    def _objection(self, hello: Hello) -> str:
        if not hmac.compare_digest(hello.token.encode(errors="surrogateescape"), self._hub.token.encode()):
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
                raise kind(f"{self.address} refused {self._hub.name}: {note.sentence}")
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
            self._send(peer, [*codec.encode(self._hub.hello())])


class Hub:
    """Every endpoint of one process, its context and its deadlines."""

    def __init__(self, *, role: str, name: str, token: str, deadlines: Deadlines | None = None) -> None:
        self.role, self.name, self.token = role, name, token
        self.deadlines = deadlines or Deadlines()
        self.incarnation = secrets.token_hex(8)
        self.lock = threading.RLock()
        self.stop: Exception | None = None  # set from outside: every wait ends with it
        self.on_tend: Callable[[], None] = lambda: None  # called ten times a second, with the lock held
        self.on_taken: Callable[[float, float], None] = lambda transit_s, queue_s: None  # how long an item had waited
        self._context = zmq.Context()
        self._poller = zmq.Poller()
        self._endpoints: dict[zmq.Socket[bytes], Endpoint] = {}
        self._tended = time.monotonic()
        self._closing = threading.Event()
        self._pulse = threading.Thread(target=self._serve, name="pulse", daemon=True)
        self._pulse.start()

    def __enter__(self) -> "Hub":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hello(self) -> Hello:
        """Return how this process introduces itself."""
        return Hello(token=self.token, role=self.role, name=self.name, incarnation=self.incarnation)

    def bind(self, address: str, *, accepts: Sequence[str]) -> Endpoint:
        """Listen at an address for peers of the given roles; AddressError if it is taken or wrong.

        ipc://..., tcp://..., which is encrypted by the token, or tcp+plain://..., which is not.
        """
        socket = self._socket(zmq.ROUTER)
        if address.startswith(TCP):
            listen_with(self.token, socket)
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        try:
            socket.bind(address.replace(PLAIN, ""))
        except zmq.ZMQError as error:
            socket.close(0)
            raise AddressError(f"cannot listen at {address}: {zmq.strerror(error.errno or 0)}") from error
        bound = socket.getsockopt(zmq.LAST_ENDPOINT)
        assert isinstance(bound, bytes)
        reached = bound.rstrip(b"\0").decode()
        return self._add(socket, reached.replace("tcp", "tcp" + PLAIN) if PLAIN in address else reached, accepts)

    def connect(self, address: str) -> Endpoint:
        """Connect to an address; the handshake follows as soon as somebody waits."""
        socket = self._socket(zmq.DEALER)
        if address.startswith(TCP):
            call_with(self.token, socket)
        socket.setsockopt(zmq.ROUTING_ID, f"{self.name}.{self.incarnation}".encode())
        try:
            socket.connect(address.replace(PLAIN, ""))
        except zmq.ZMQError as error:
            socket.close(0)
            raise AddressError(f"cannot connect to {address}: {zmq.strerror(error.errno or 0)}") from error
        return self._add(socket, address, ())

    def _socket(self, kind: int) -> "zmq.Socket[bytes]":
        socket: zmq.Socket[bytes] = self._context.socket(kind)
        socket.setsockopt(zmq.SNDHWM, HIGH_WATER)
        socket.setsockopt(zmq.RCVHWM, HIGH_WATER)
        socket.setsockopt(zmq.MAXMSGSIZE, codec.MAX_PART)
        socket.setsockopt(zmq.SNDTIMEO, int(self.deadlines.send * 1000))
        socket.setsockopt(zmq.LINGER, int(self.deadlines.linger * 1000))
        return socket

    def _add(self, socket: "zmq.Socket[bytes]", address: str, accepts: Sequence[str]) -> Endpoint:
        with self.lock:
            endpoint = Endpoint(self, socket, address, frozenset(accepts))
            self._endpoints[socket] = endpoint
            self._poller.register(socket, zmq.POLLIN)
            return endpoint

    def pump(self, timeout_s: float) -> None:
        """Serve every endpoint: wait at most `timeout_s` for something to arrive, and take in all that has."""
        with self.lock:
            if self.stop is not None:
                raise self.stop
            for socket, _ in self._poller.poll(int(timeout_s * 1000)):
                self._endpoints[socket].receive_all()
            self._tend()

    def _tend(self) -> None:
        now = time.monotonic()
        if now - self._tended < 0.1:
            return
        away = now - self._tended > self.deadlines.silence / 2  # this process was stopped: nobody else was silent
        self._tended = now
        for endpoint in self._endpoints.values():
            endpoint.tend(now, self.deadlines, away)
        self.on_tend()

    def wait(self, ready: Callable[[], T | None], *, deadline_s: float, what: str) -> T:
        """Serve until `ready` returns something; Silence, naming `what`, if it has not by the deadline."""
        found = self.wait_until(ready, deadline_s)
        if found is None:
            raise Silence(f"{self.name} waited {deadline_s:.0f} s for {what}")
        return found

    def wait_until(self, ready: Callable[[], T | None], deadline_s: float) -> T | None:
        """Serve until `ready` returns something; None if it has not by the deadline."""
        end = time.monotonic() + deadline_s
        while True:
            with self.lock:
                if (found := ready()) is not None:
                    return found
                left = end - time.monotonic()
                if left <= 0:
                    return None
                self.pump(min(0.1, left))

    def _serve(self) -> None:
        """Serve while the others compute; what goes wrong here is raised at the next wait."""
        while not self._closing.wait(0.05):
            if not self.lock.acquire(blocking=False):
                continue
            try:
                if self.stop is None and not self._closing.is_set():
                    self.pump(0)
            except Exception as error:  # whatever it is, it must not end the heartbeat unseen
                self.stop = error
            finally:
                self.lock.release()

    def halt(self, reason: str) -> None:
        """End every wait of this process, now and later. Safe in a signal handler."""
        self.stop = self.stop or Stopped(reason)

    def close(self) -> None:
        """Give the last notes their time, and close everything."""
        self._closing.set()
        self._pulse.join()
        with self.lock:
            for socket in self._endpoints:
                socket.close(int(self.deadlines.linger * 1000))
            self._endpoints.clear()
            self._context.term()


def _plain(text: str) -> str:
    """Return what a stranger says as it can be shown and logged anywhere."""
    return text.encode("ascii", "backslashreplace").decode()
