"""The sockets of one process: every endpoint belongs to one Hub, which is served by whichever thread waits on it.

A small thread serves it while the others compute, so that heartbeats and credit flow at all times. Here, in endpoint.py
and in curve.py alone zmq is imported.
"""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import zmq

from transport import codec
from transport.curve import call_with, listen_with
from transport.deadlines import Deadlines
from transport.endpoint import HIGH_WATER, Endpoint
from transport.errors import AddressError, Silence, Stopped
from transport.notes import Hello

T = TypeVar("T")

TCP = "tcp:"
PLAIN = "tcp+plain:"  # goes as it is: four times as fast, for a network of one's own


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
            socket.bind(_known(address))
        except zmq.ZMQError as error:
            socket.close(0)
            raise AddressError(f"cannot listen at {address}: {zmq.strerror(error.errno or 0)}") from error
        bound = socket.getsockopt(zmq.LAST_ENDPOINT)
        assert isinstance(bound, bytes)
        reached = bound.rstrip(b"\0").decode()
        if address.startswith(PLAIN):
            reached = PLAIN + reached.removeprefix(TCP)
        return self._add(socket, reached, accepts)

    def connect(self, address: str) -> Endpoint:
        """Connect to an address; the handshake follows as soon as somebody waits."""
        socket = self._socket(zmq.DEALER)
        if address.startswith(TCP):
            call_with(self.token, socket)
        socket.setsockopt(zmq.ROUTING_ID, f"{self.name}.{self.incarnation}".encode())
        try:
            socket.connect(_known(address))
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


def _known(address: str) -> str:
    """Return an address as ZeroMQ spells it."""
    return TCP + address.removeprefix(PLAIN) if address.startswith(PLAIN) else address
