"""What a process tells of itself over HTTP: /metrics, /healthz, /readyz; the supervisor also /targets of its run.

/healthz is 200 while the process turns, /readyz while it can work; 503 and a sentence otherwise. /targets is a list
for Prometheus' HTTP service discovery.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from transport.errors import AddressError

if TYPE_CHECKING:
    from socket import socket
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

STILL_S: Final = 15.0  # without a turn of its loop, a process is stuck; a heartbeat is sent every second
LONGEST_S: Final = 300.0  # that a stage may compute on one message
MOST_REQUESTS: Final = 16  # under way at a time; more are turned away
REQUEST_S: Final = 10.0  # that a client may take to say what it wants
_HOST: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+]|[\w.-]+)(:[0-9]+)?")


class Pulse:
    """Whether a process turns, and whether it can work yet. Written by its own threads, read by the server's."""

    def __init__(self, *, still_s: float = STILL_S, longest_s: float = LONGEST_S) -> None:
        self._still_s, self._longest_s = still_s, longest_s
        self._turned = time.monotonic()
        self._began: float | None = None  # computing, if it does
        self.unready = "not ready yet: it is still coming up"  # a sentence; empty once it can work

    def turned(self) -> None:
        """The loop that serves the sockets has turned."""
        self._turned = time.monotonic()

    def computes(self, busy: bool) -> None:
        """The stage begins to compute, or stops: what it waits for is no fault of its own, however long."""
        self._began = time.monotonic() if busy else None

    def ready(self) -> None:
        """It can work: models are loaded, neighbours can connect."""
        self.unready = ""

    def stuck(self) -> str:
        """Return a sentence if the process does not turn any more."""
        now, began = time.monotonic(), self._began
        if now - self._turned > self._still_s:
            return f"its loop has not turned for {now - self._turned:.0f} s"
        if began is not None and now - began > self._longest_s:
            return f"it has computed on one message for {now - began:.0f} s"
        return ""

    def pages(self) -> "dict[str, WSGIApplication]":
        """Return what answers /healthz and /readyz."""
        return {"/healthz": _verdict(self.stuck), "/readyz": _verdict(lambda: self.unready or self.stuck())}


def targets(count: Callable[[], int], address: str) -> "WSGIApplication":
    """Return what answers /targets: so many processes, at the ports from the address's on.

    Their host is the one by which the asking Prometheus found this process: a wildcard address is no target.
    """

    def page(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        found = _HOST.fullmatch(environ.get("HTTP_HOST", ""))
        host, port = found["host"] if found else "127.0.0.1", int(address.rpartition(":")[2])
        return _say(start, "200 OK", json.dumps([{"targets": [f"{host}:{port + each}" for each in range(count())]}]))

    return page


@contextmanager
def serving(address: str, pages: "Mapping[str, WSGIApplication]") -> Iterator[None]:
    """Serve pages by their path at host:port, unless the address is empty; AddressError if it is taken."""
    if not address:
        yield
        return
    server = _listen(address, pages)
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="http", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _listen(address: str, pages: "Mapping[str, WSGIApplication]") -> "_Server":
    host, _, port = address.rpartition(":")
    try:
        server = _Server((host.strip("[]") or "127.0.0.1", int(port)), _Handler)
    except (OSError, ValueError, OverflowError) as error:
        raise AddressError(f"cannot serve metrics at {address}: {error}") from error
    server.set_app(_choose(pages))
    return server


def _choose(pages: "Mapping[str, WSGIApplication]") -> "WSGIApplication":
    def page(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        chosen = pages.get(environ["PATH_INFO"])
        if chosen is None:
            return _say(start, "404 Not Found", f"there is {', '.join(pages)}")
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _say(start, "405 Method Not Allowed", "this can only be read")
        return chosen(environ, start)

    return page


def _verdict(complaint: Callable[[], str]) -> "WSGIApplication":
    """Return a page that says ok, or what there is to complain of."""

    def page(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        sentence = complaint()
        return _say(start, "503 Service Unavailable" if sentence else "200 OK", sentence or "ok")

    return page


def _say(start: "StartResponse", status: str, text: str) -> list[bytes]:
    body = f"{text}\n".encode()
    kind = "application/json" if text.startswith("[") else "text/plain; charset=utf-8"
    start(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


class _Server(ThreadingMixIn, WSGIServer):
    """A thread a request, but only so many."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[WSGIRequestHandler]) -> None:
        if ":" in address[0]:
            import socket

            self.address_family = socket.AF_INET6
        self._free = threading.BoundedSemaphore(MOST_REQUESTS)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, or hang up."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room for another."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: "socket | tuple[bytes, socket]", client_address: Any) -> None:
        """Say nothing: a client that went away, or one that never said what it wanted."""


class _Handler(WSGIRequestHandler):
    timeout = REQUEST_S

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the log for what happens to the video."""
