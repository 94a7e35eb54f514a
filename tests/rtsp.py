"""An RTSP server for tests: it serves a clip in a loop, takes what is pushed to it, and fails when it is told to.

RTSP 1.0 (RFC 2326) as far as FFmpeg speaks it, RTP interleaved in the one TCP connection; UDP is refused with 461, and
FFmpeg falls back to TCP. Another process can run it as well, to be stopped and killed by signals:
`python -m tests.rtsp PORT [CLIP]`. What RTP carries is in tests/rtp.py.
"""

import base64
import contextlib
import queue
import re
import socket
import socketserver
import struct
import sys
import threading
import time
from collections import deque
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from tests.rtp import Broadcast, Sender, broadcast, describe

METHODS = "OPTIONS, DESCRIBE, ANNOUNCE, SETUP, PLAY, RECORD, GET_PARAMETER, TEARDOWN"
LIVE, PUSHED = "live", "pushed"  # the path of the clip; everything else holds what was pushed to it
MOST_PACKETS = 20_000  # kept of a push
MOST_BEHIND = 1000  # of these, that wait for one who plays it: some seconds
RECEIVED_BYTES = 32 << 10  # and not read yet
REPORT_S = 1.0  # between two sender reports, by which a client knows how the tracks' times belong together
RATE_TOKENS = re.compile(r"a=control:\S+")


class RtspServer:
    """A server, on loopback unless it is told otherwise, in threads of this process, from `with` to its end.

    `stalled` set: it accepts and answers but sends no picture. `silent` set: it accepts connections and says nothing.
    `deaf` set: it reads no more of what is pushed. `jump_s`: added to every time stamp from now on.
    """

    def __init__(
        self,
        clip: Path | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        login: str = "",
        kept_bytes: int = RECEIVED_BYTES,  # 0 for as much as the kernel finds right
    ) -> None:
        self.clip = broadcast(clip) if clip else None
        self.login = login  # user:password that every request must bring, "" for anybody
        self.stalled, self.silent, self.deaf = threading.Event(), threading.Event(), threading.Event()
        self.jump_s = 0.0
        self.opened = 0  # connections so far
        self.pushes: dict[str, Push] = {}  # the latest to each path
        self.connections: set[socket.socket] = set()
        self._server = _Server(host, port, kept_bytes)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """Where it listens; give it to the next server to restart on the same port."""
        return int(self._server.server_address[1])

    def url(self, path: str = LIVE, *, login: str = "") -> str:
        """Return the address of a path, with credentials if they are given."""
        host = self._server.server_address[0]
        return f"rtsp://{login}{'@' if login else ''}{host!s}:{self.port}/{path}"

    def disconnect(self) -> None:
        """Cut every connection, as a network does."""
        for connection in tuple(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        """Close the port and every connection."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self.disconnect()

    def __enter__(self) -> "RtspServer":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


class Push:
    """What one client pushed: its description, and its latest packets, which whoever plays the path gets as well."""

    def __init__(self, sdp: str) -> None:
        self.sdp = sdp
        self.packets: deque[tuple[int, bytes]] = deque(maxlen=MOST_PACKETS)  # (interleaved channel, packet)
        self.players: set[_Connection] = set()

    def take(self, channel: int, packet: bytes) -> None:
        """Keep a packet, and hand it on; whoever is far behind is let go, as one who may be gone is not waited for."""
        self.packets.append((channel, packet))
        for player in tuple(self.players):
            try:
                player.waiting.put_nowait((channel, packet))
            except queue.Full:
                self._let_go(player)

    def end(self) -> None:
        """Let everybody go: nothing comes any more, or it comes as something else."""
        for player in tuple(self.players):
            self._let_go(player)

    def _let_go(self, player: "_Connection") -> None:
        self.players.discard(player)
        player.hang_up()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    owner: RtspServer

    def __init__(self, host: str, port: int, kept_bytes: int) -> None:
        self._kept_bytes = kept_bytes
        super().__init__((host, port), _Connection)

    def server_bind(self) -> None:
        """Let the kernel hold little of what is pushed, so that one who does not read is soon noticed."""
        if self._kept_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._kept_bytes)
        super().server_bind()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that is gone is no news."""


class _Connection(socketserver.StreamRequestHandler):
    """One client: its requests are answered in this thread, a clip is played to it in another."""

    disable_nagle_algorithm = True
    server: _Server
    answers: ClassVar[dict[str, str]] = {
        "DESCRIBE": "_describe",
        "ANNOUNCE": "_announce",
        "SETUP": "_setup",
        "PLAY": "_play",
        "RECORD": "_record",
    }

    def handle(self) -> None:
        self.host, self.writing, self.gone = self.server.owner, threading.Lock(), threading.Event()
        self.recording: Push | None = None
        self.host.opened += 1
        self.host.connections.add(self.request)
        try:
            while self._serve():
                pass
        except (OSError, ValueError, struct.error):
            pass
        finally:
            self.gone.set()
            self.host.connections.discard(self.request)

    def interleave(self, channel: int, packet: bytes) -> None:
        """Send one RTP or RTCP packet."""
        with self.writing:
            self.wfile.write(struct.pack(">cBH", b"$", channel, len(packet)) + packet)

    def hang_up(self) -> None:
        """End the connection."""
        with contextlib.suppress(OSError):
            self.request.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> bool:
        """Take a packet or answer a request; tell whether there may be another."""
        while (self.host.silent.is_set() or self.host.deaf.is_set()) and not self.gone.wait(0.02):
            pass
        first = self.rfile.read(1)
        if first == b"$":
            channel, length = struct.unpack(">BH", self.rfile.read(3))
            packet = self.rfile.read(length)
            if self.recording:
                self.recording.take(channel, packet)
            return True
        line = (first + self.rfile.readline()).decode().split()
        if len(line) != 3:
            return bool(first)
        head = dict(self._fields())
        body = self.rfile.read(int(head.get("content-length", 0))).decode()
        return self._answer(line[0], line[1], head, body)

    def _fields(self) -> "list[tuple[str, str]]":
        fields = []
        while text := self.rfile.readline().decode().strip():
            name, _, value = text.partition(":")
            fields.append((name.lower(), value.strip()))
        return fields

    def _answer(self, method: str, url: str, head: dict[str, str], body: str) -> bool:
        self.sequence, self.path = head.get("cseq", "0"), url.split("/", 3)[-1].split("/")[0]
        known = base64.b64encode(self.host.login.encode()).decode()
        if self.host.login and head.get("authorization", "") != f"Basic {known}":
            self._reply("401 Unauthorized", {"WWW-Authenticate": 'Basic realm="test"'})
        elif method in self.answers:
            getattr(self, self.answers[method])(url, head, body)
        else:
            self._reply("200 OK", {"Public": METHODS})
        return method != "TEARDOWN"

    def _reply(self, status: str, fields: dict[str, str], body: str = "") -> None:
        fields = {"CSeq": self.sequence, "Session": "1;timeout=60", **fields, "Content-Length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        with self.writing:
            self.wfile.write(f"RTSP/1.0 {status}\r\n{head}\r\n{body}".encode())

    def _describe(self, url: str, head: dict[str, str], body: str) -> None:
        push = self.host.pushes.get(self.path)
        sdp = push.sdp if push else describe(self.host.clip) if self.host.clip and self.path == LIVE else ""
        found = {"Content-Base": f"{url}/", "Content-Type": "application/sdp"}
        self._reply("200 OK" if sdp else "404 Not Found", found if sdp else {}, sdp)

    def _announce(self, url: str, head: dict[str, str], body: str) -> None:
        before, self.announced = self.host.pushes.get(self.path), Push(body)
        self.host.pushes[self.path] = self.announced
        if before:
            before.end()
        self._reply("200 OK", {})

    def _setup(self, url: str, head: dict[str, str], body: str) -> None:
        wish = head.get("transport", "")
        if "TCP" not in wish:
            self._reply("461 Unsupported Transport", {})
            return
        channels = re.search(r"interleaved=(\d+-\d+)", wish)
        self._reply("200 OK", {"Transport": f"RTP/AVP/TCP;unicast;interleaved={channels[1] if channels else '0-1'}"})

    def _play(self, url: str, head: dict[str, str], body: str) -> None:
        self._reply("200 OK", {})
        if push := self.host.pushes.get(self.path):
            self.waiting: queue.Queue[tuple[int, bytes]] = queue.Queue(MOST_BEHIND)
            threading.Thread(target=self._forward, daemon=True).start()
            push.players.add(self)
        elif self.host.clip:
            threading.Thread(target=self._send, args=(self.host.clip,), daemon=True).start()

    def _record(self, url: str, head: dict[str, str], body: str) -> None:
        self.recording = self.announced
        self._reply("200 OK", {})

    def _forward(self) -> None:
        """Send on what is pushed, until the client is gone."""
        with contextlib.suppress(OSError, ValueError):
            while not self.gone.is_set():
                with contextlib.suppress(queue.Empty):
                    self.interleave(*self.waiting.get(timeout=0.5))

    def _send(self, clip: Broadcast) -> None:
        """Play the clip again and again in real time, its time stamps running on."""
        senders = [Sender(track, channel=2 * index) for index, track in enumerate(clip.tracks)]
        started, reported = time.monotonic(), -REPORT_S
        with contextlib.suppress(OSError, ValueError):
            for lap, unit in ((lap, unit) for lap in count() for unit in clip.units):
                due, shown = (float(lap * clip.seconds + at) for at in (unit.due, unit.shown))
                if not self._waited(started + due):
                    return
                if due - reported >= REPORT_S:
                    reported = due
                    for sender in senders:
                        self.interleave(sender.channel + 1, sender.report(due + self.host.jump_s))
                sender = senders[unit.track]
                for packet in sender.packets(unit, shown + self.host.jump_s):
                    self.interleave(sender.channel, packet)

    def _waited(self, moment: float) -> bool:
        """Wait until it is time, and while the server is stalled; tell whether the client is still there."""
        self.gone.wait(max(0.0, moment - time.monotonic()))
        while self.host.stalled.is_set() and not self.gone.wait(0.02):
            pass
        return not self.gone.is_set()


def main() -> None:
    """Serve until killed; the port is the first line of standard output."""
    with RtspServer(Path(sys.argv[2]) if len(sys.argv) > 2 else None, port=int(sys.argv[1])) as server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
