"""A web server on this machine that has one file, and the faults that web servers have."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

DATA = bytes(range(256)) * 400  # 102,400 bytes
HASH = hashlib.sha256(DATA).hexdigest()
BARE = {"bytes": 0, "sha256": ""}  # as most authors publish
ROOT = Path(__file__).resolve().parents[2]


def left(folder: Path) -> list[str]:
    """Return the names of what lies in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())


@dataclass
class Shelf:
    """The file, how it is given out, and what was asked for."""

    data: bytes = DATA
    headers: dict[str, str] = field(default_factory=lambda: {"ETag": '"1"'})
    status: int = 200
    gives: int = 1 << 30  # bytes of an answer, after which the line is cut
    resumes: bool = True
    chunked: bool = False
    hold: threading.Event | None = None  # waited for before the line is cut
    url: str = ""
    asked: list[str] = field(default_factory=list)  # the Range of each request, "" for all

    def answer(self, range_: str, version: str) -> tuple[int, int]:
        """Return the status and from which byte on."""
        if not range_ or not self.resumes or version not in ("", self.headers.get("ETag")):
            return self.status, 0
        begin = int(range_.removeprefix("bytes=").removesuffix("-"))
        return (206, begin) if begin < len(self.data) else (416, len(self.data))


@contextmanager
def serving(shelf: Shelf) -> Iterator[Shelf]:
    """Have a shelf at `shelf.url`; /to/URL sends on to that address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/to/"):
                send_on(self)
            else:
                give(self, shelf)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, running(server):
        shelf.url = f"http://127.0.0.1:{server.server_address[1]}/small.onnx"
        yield shelf
        if shelf.hold:
            shelf.hold.set()


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[None]:
    """Have a server serve in a thread."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield
    server.shutdown()
    thread.join()


def send_on(handler: BaseHTTPRequestHandler) -> None:
    """Answer a request for /to/URL."""
    handler.send_response(302)
    handler.send_header("Location", unquote(handler.path.removeprefix("/to/")))
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def give(handler: BaseHTTPRequestHandler, shelf: Shelf) -> None:
    """Answer a request."""
    shelf.asked.append(handler.headers.get("Range", ""))
    status, begin = shelf.answer(shelf.asked[-1], handler.headers.get("If-Range", ""))
    body = shelf.data[begin:] if status != 416 else b""
    handler.send_response(status)
    for name, value in shelf.headers.items():
        handler.send_header(name, value)
    if status in (206, 416):
        span = f"{begin}-{len(shelf.data) - 1}" if body else "*"
        handler.send_header("Content-Range", f"bytes {span}/{len(shelf.data)}")
    if shelf.chunked:
        handler.send_header("Transfer-Encoding", "chunked")
    else:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    given = body[: shelf.gives]
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(given), given) if shelf.chunked else given)
    if shelf.chunked and len(given) == len(body):
        handler.wfile.write(b"0\r\n\r\n")
    if shelf.hold and len(given) < len(body):
        handler.wfile.flush()
        shelf.hold.wait(20)
    handler.close_connection = True
