"""What a stage sees, live in a browser: /preview/NAME, one JPEG after another over HTTP (multipart/x-mixed-replace).

The latest picture only: who is slow misses some, and keeps nobody waiting. A picture is drawn when somebody looks, once
for all who look. It is served on loopback, and there only to who asks for it by that name, so that no page of another
site can read it.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from socketserver import ThreadingTCPServer
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.encode.composite import composited
from stages.encode.images import rgb
from transport.errors import AddressError
from transport.messages import CleanFrame, Frame, Mask

Picture = NDArray[np.uint8]  # (H, W, 3) RGB

FPS: Final = 5.0
WIDTH: Final = 960  # pixels, at most
MOST_CLIENTS: Final = 4
QUALITY: Final = 80  # of JPEG
COLOUR: Final = (255, 0, 255)  # of a mask: what of the object can still be seen beside it, is not removed
PATIENCE_S: Final = 5.0  # with a client that takes nothing, and with one that says nothing
POLL_S: Final = 0.1  # from being told to close to doing it
REPEAT_S: Final = 2.0  # after which a picture is sent again where none follows: so a client that left is noticed
WAITING_BYTES: Final = 128 << 10  # of pictures on their way to a slow client, about
PREFIX: Final = "/preview/"
LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_BOUNDARY: Final = "picture"


class Preview:
    """A server of moving pictures, by name. `offer` costs next to nothing; the picture is held until the next one."""

    def __init__(
        self, names: Iterable[str], *, fps: float = FPS, width: int = WIDTH, most_clients: int = MOST_CLIENTS
    ) -> None:
        self.views = {name: View(fps, width) for name in names}
        self._room = threading.BoundedSemaphore(most_clients)
        self._server: _Server | None = None

    def offer(self, name: str, draw: Callable[[], Picture]) -> None:
        """Hand over how to draw the newest picture; it is called, in another thread, if anybody looks."""
        self.views[name].offer(draw)

    def serve(self, address: str) -> str:
        """Serve at host:port, port 0 for any that is free, and return the address; AddressError if it is taken."""
        host, _, port = address.rpartition(":")
        try:
            self._server = _Server((host.strip("[]") or "127.0.0.1", int(port)), _Client)
        except (OSError, ValueError, OverflowError) as error:
            raise AddressError(f"cannot serve the preview at {address}: {error}") from error
        self._server.views, self._server.room = self.views, self._room
        threading.Thread(target=self._server.serve_forever, args=(POLL_S,), name="preview", daemon=True).start()
        return f"{host or '127.0.0.1'}:{self._server.server_address[1]}"

    def close(self) -> None:
        """Serve no more, and let everybody go who looks."""
        for view in self.views.values():
            view.close()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


class View:
    """The latest picture of one name, and its JPEG if somebody looked."""

    def __init__(self, fps: float, width: int) -> None:
        self.closed = False
        self.drawn = 0  # pictures that were drawn
        self._least_s, self._width = 1 / fps, width
        self._change, self._coding = threading.Condition(), threading.Lock()
        self._draw: Callable[[], Picture] | None = None
        self._offered = self._coded = 0  # the picture's number, from 1
        self._coded_at, self._jpeg = float("-inf"), b""

    def offer(self, draw: Callable[[], Picture]) -> None:
        """Replace the latest picture."""
        with self._change:
            self._draw, self._offered = draw, self._offered + 1
            self._change.notify_all()

    def close(self) -> None:
        """Let everybody go who waits for a picture."""
        with self._change:
            self.closed = True
            self._change.notify_all()

    def after(self, seen: int) -> tuple[int, bytes]:
        """Return the number and JPEG of a picture after one that was seen, or the latest if none comes for a while."""
        with self._coding:  # who waits for it gets the same JPEG
            if self._coded <= seen and self._wait():
                self._code()
            return self._coded, self._jpeg

    def _wait(self) -> bool:
        """Wait for a picture that is not coded yet, and for its time; tell whether there is one."""
        with self._change:
            self._change.wait_for(lambda: self.closed, self._coded_at + self._least_s - time.monotonic())
            return self._change.wait_for(lambda: self.closed or self._offered > self._coded, REPEAT_S)

    def _code(self) -> None:
        with self._change:
            draw, number = self._draw, self._offered
        if draw is not None:
            self._jpeg, self._coded, self._coded_at = jpeg(draw(), self._width), number, time.monotonic()
            self.drawn += 1


def clean_picture(clean: CleanFrame) -> Picture:
    """Return a frame as it goes out."""
    return _eight_bits(composited(clean))


def masked_picture(frame: Frame, mask: Mask) -> Picture:
    """Return a frame with its mask painted over what is removed: nothing of that can be seen here either."""
    picture = _eight_bits(frame)
    hidden = np.zeros((frame.format.height, frame.format.width), bool)
    box = mask.box
    hidden[box.y : box.y + box.height, box.x : box.x + box.width] = mask.alpha > 0
    picture[np.rot90(hidden, frame.format.rotation // 90)] = COLOUR
    return picture


def jpeg(picture: Picture, width: int) -> bytes:
    """Return a picture as JPEG, made smaller if it is wider than that."""
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA) if picture.shape[1] > width else picture
    done, data = cv2.imencode(".jpg", small[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    assert done, "any picture of 8 bits can be a JPEG"
    return data.tobytes()


def _eight_bits(frame: Frame) -> Picture:
    """Return a frame upright, (H, W, 3) RGB of 8 bits."""
    words = rgb(frame)
    pixels: Picture = (words >> 8 if words.dtype == np.uint16 else words).astype(np.uint8)
    return np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels


class _Server(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    views: dict[str, View]
    room: threading.BoundedSemaphore

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a client if there is room for one more."""
        if self.room.acquire(blocking=False):
            super().process_request(request, client_address)
            return
        with contextlib.suppress(OSError):
            request.sendall(b"HTTP/1.0 503 Service Unavailable\r\n\r\nall places to look from are taken\n")
        self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a client, and make room."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is no news."""


class _Client(BaseHTTPRequestHandler):
    timeout = PATIENCE_S  # of every read and write
    server: _Server

    def do_GET(self) -> None:
        """Send pictures until the client leaves."""
        view = self.server.views.get(self.path.removeprefix(PREFIX)) if self.path.startswith(PREFIX) else None
        if not self._is_meant():
            self.send_error(403, "ask for it by its address")
        elif view is None:
            self.send_error(404, f"there is {', '.join(PREFIX + name for name in self.server.views)}")
        else:
            self._show(view)

    def _show(self, view: View) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, WAITING_BYTES)
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        seen = 0
        while not view.closed:
            seen, data = view.after(seen)
            if data:
                head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                self.wfile.write(head.encode() + data + b"\r\n")

    def _is_meant(self) -> bool:
        """Tell whether the client knows where it is: another name for a loopback address is another site's trick."""
        if not ip_address(self.server.server_address[0]).is_loopback:  # type: ignore[arg-type]
            return True
        name = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        return name in LOOPBACK

    def log_message(self, format: str, *arguments: object) -> None:
        """Who looks is not written down."""
