"""An output to a server, in a process of its own: packets through a pipe in, watched, killed and started again.

FFmpeg may connect for ever with the interpreter's lock in its hand, and write for ever to a receiver that stopped. So
it does both in a child, `python -m deploy.push`, which gets everything through its standard input, the URL with its
credentials too: neither its command nor its environment shows them, and its standard error goes nowhere. On its
standard output it tells of every packet that is through, and at last of what went wrong.
"""

import contextlib
import logging
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fcntl import fcntl
from pathlib import Path
from typing import BinaryIO, Final

from deploy.errors import UNEXPECTED, exit_code, sentence
from deploy.orphan import die_with
from stages.decode.names import public_name
from stages.encode.live.backlog import Backlog
from stages.encode.live.output import State
from stages.retry import WELL_S, pause_s
from transport import codec
from transport.messages import Packet, StreamInfo

log = logging.getLogger(__name__)

MOST_BYTES: Final = 4 << 20  # that wait for the child: 8 s of 4 Mbit/s
STILL_S: Final = 15.0  # in which a child that was given packets has to get one through, connecting included
KILL_S: Final = 1.0  # from a kill to the end of a process
PIPE_BYTES: Final = 256 << 10
SOCKET_BYTES: Final = 256 << 10  # enough for 20 Mbit/s to where an answer takes 0.1 s
UNANSWERED_S: Final = 5.0  # that the other side may leave what was sent without a word: else the connection is dead
F_SETPIPE_SZ: Final = 1031  # linux/fcntl.h
READY: Final = b"!"  # what the child says when the server has accepted it,
MOVED: Final = b"."  # and for each packet; what it says after an END is why it ends
END: Final = b"\n"
_LENGTHS: Final = struct.Struct(">II")  # of a message's header and of its data


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a child is told first."""

    url: str
    parent: int  # pid to die with


class Push:
    """One server. Everything happens in the calls of `put`, which come as steadily as frames do, and never wait."""

    def __init__(self, url: str, *, most_bytes: int = MOST_BYTES, still_s: float = STILL_S) -> None:
        self._url, self._name, self._still_s = url, public_name(url), still_s
        self._most_bytes = most_bytes
        self._backlog = Backlog(0, 0)
        self._child: _Child | None = None
        self._retry_at = 0.0
        self._sent = self._lost = 0  # packets that children got through, and that died with them
        self._failures = self._row = 0  # all, and in a row
        self._trouble = ""

    @property
    def state(self) -> State:
        """How it fares."""
        return State(
            name=self._name,
            sent=self._sent + (self._child.moved if self._child else 0),
            dropped=self._backlog.dropped + self._lost,
            failures=self._failures,
            trouble=self._trouble,
        )

    @property
    def pid(self) -> int | None:
        """The child's process, if there is one."""
        return self._child.process.pid if self._child else None

    def begin(self, info: StreamInfo) -> None:
        """Learn the streams, and start."""
        self._info, self._backlog = info, Backlog(info.sides[0].index, self._most_bytes)
        self._start()

    def put(self, packet: Packet) -> None:
        """Take a packet or drop it, and do what can be done now."""
        self._look_after()
        self._backlog.put(packet)
        if self._child is None or not self._child.ready:  # it begins in the present, not with what it missed
            self._backlog.clear()
        if self._child is not None:
            self._child.feed(self._backlog)

    def end(self) -> None:
        """Know that nothing comes any more; `join` does the rest."""

    def join(self, deadline: float) -> None:
        """Give the child what is left until a moment of time.monotonic(), and end it."""
        if self._child is not None:
            if self._child.ready and not self._child.finish(self._backlog, deadline):
                log.warning("%s did not end in time; what it was given last may be missing", self._name)
            self._let_go()
        self._backlog.clear()

    def _start(self) -> None:
        try:
            self._child = _Child(self._url, self._info)
        except OSError as error:  # too many processes, too many files, no memory
            self._failed(f"its process cannot be started: {error.strerror}")

    def _look_after(self) -> None:
        """Start the child again when it is time; end one that is dead or stuck."""
        if self._child is None:
            if time.monotonic() >= self._retry_at:
                self._start()
            return
        self._child.listen()
        if self._child.moved:
            self._trouble = ""
        if self._child.process.poll() is not None:
            self._failed(self._child.cause())
        elif self._child.still() > self._still_s:
            stuck = "no packet got through" if self._child.ready else "it did not answer"
            self._failed(f"{stuck} in {self._still_s:g} s")

    def _failed(self, why: str) -> None:
        well, lived = False, 0.0
        if self._child is not None:
            lived = time.monotonic() - self._child.born
            well = self._child.moved > 0 and lived > WELL_S
            self._let_go()
        self._backlog.clear()
        self._failures, self._row = self._failures + 1, 1 if well else self._row + 1
        wait = pause_s(self._row, lived)
        self._trouble, self._retry_at = why, time.monotonic() + wait
        log.warning("%s: %s; it is tried again in %.0f s", self._name, why, wait)

    def _let_go(self) -> None:
        assert self._child is not None
        self._child.kill()
        self._sent += self._child.moved
        self._lost += self._child.fed - self._child.moved
        self._child = None


class _Child:
    """A process that sends, as its parent sees it: what went in, what it says."""

    def __init__(self, url: str, info: StreamInfo) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "deploy.push"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            start_new_session=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._in, self._out = self.process.stdin.fileno(), self.process.stdout.fileno()
        with contextlib.suppress(OSError):  # more than a plain user may have
            fcntl(self._in, F_SETPIPE_SZ, PIPE_BYTES)
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        self.born = self._moved_at = time.monotonic()
        self.ready = False
        self.fed = self.moved = 0  # packets
        self._said = b""
        self._left = memoryview(
            _framed([codec.dumps(Errand(url=url, parent=os.getpid()))]) + _framed(codec.encode(info))
        )

    def feed(self, backlog: Backlog) -> None:
        """Write as much as the pipe takes."""
        with contextlib.suppress(BlockingIOError, BrokenPipeError):  # it is full; it is gone, which `poll` tells
            while True:
                while len(self._left):
                    self._left = self._left[os.write(self._in, self._left) :]
                if (packet := backlog.take()) is None:
                    return
                if self.fed == self.moved:
                    self._moved_at = time.monotonic()
                self.fed += 1
                self._left = memoryview(_framed(codec.encode(packet)))

    def listen(self) -> None:
        """Take what the child has said."""
        with contextlib.suppress(BlockingIOError):
            while said := os.read(self._out, 1 << 16):
                went, end, rest = said.partition(END) if not self._said else (b"", b"", said)
                self._said += end + rest
                if went:
                    self.ready, self._moved_at = True, time.monotonic()
                    self.moved += went.count(MOVED)

    def still(self) -> float:
        """Return for how many seconds it has had something to do and got nothing done."""
        return time.monotonic() - self._moved_at if self.fed > self.moved or not self.ready else 0.0

    def cause(self) -> str:
        """Return why it ended, in words."""
        self.listen()
        code = self.process.returncode
        how = f"its process was killed by signal {-code}" if code < 0 else f"its process ended with code {code}"
        return " ".join(self._said.decode(errors="replace").split()) or how

    def finish(self, backlog: Backlog, deadline: float) -> bool:
        """Feed it the rest, and wait for its end; tell whether it ended well."""
        while (len(self._left) or len(backlog)) and self.process.poll() is None and time.monotonic() < deadline:
            self.feed(backlog)
            self.listen()
            time.sleep(0.01)
        with contextlib.suppress(OSError):
            self.process.stdin.close()  # type: ignore[union-attr]
        while self.process.poll() is None and time.monotonic() < deadline:
            self.listen()
            time.sleep(0.01)
        self.listen()
        return self.process.poll() == 0

    def kill(self) -> None:
        """End it now, and whatever it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):  # the kernel will not let it go yet
            self.process.wait(KILL_S)
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]


def _framed(parts: "list[codec.Part]") -> bytes:
    head, data = parts[0], b"".join(parts[1:])
    return _LENGTHS.pack(len(head), len(data)) + head + data


def _frames(pipe: BinaryIO) -> Iterator["list[codec.Part]"]:
    """Yield the parts of every message, until the pipe is closed between two."""
    while len(lengths := pipe.read(_LENGTHS.size)) == _LENGTHS.size:
        head, data = _LENGTHS.unpack(lengths)
        parts: list[codec.Part] = [pipe.read(head), pipe.read(data)]
        yield parts if data else parts[:1]


def main() -> int:
    """Send what comes through standard input to the server that it names first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    try:
        _run(_frames(sys.stdin.buffer))
    except Exception as error:
        known = exit_code(error) != UNEXPECTED
        _say(END + (sentence(error) if known else f"unexpected {type(error).__name__}").encode())
        return exit_code(error)
    return 0


def _run(messages: Iterator["list[codec.Part]"]) -> None:
    from stages.encode.live.network import send

    errand = codec.loads(Errand, bytes(next(messages)[0]))
    if not die_with(errand.parent):
        return
    info = codec.decode(next(messages))
    send(info, _packets(messages), errand.url, lambda: _say(MOVED))  # type: ignore[arg-type]


def _packets(messages: "Iterator[list[codec.Part]]") -> "Iterator[Packet]":
    """Yield what is to be sent; the connection is made when the first is asked for."""
    _set_sockets()
    _say(READY)
    for parts in messages:
        packet = codec.decode(parts)
        assert isinstance(packet, Packet)
        yield packet


def _set_sockets() -> None:
    """Let the kernel hold little, or a receiver that stopped is noticed only when megabytes wait (Linux).

    And let it give up soon: after a network was away, TCP tries again in ever longer steps, up to two minutes.
    """
    for descriptor in map(int, os.listdir("/proc/self/fd") if sys.platform == "linux" else ()):
        with contextlib.suppress(OSError):  # the folder's own is closed by now
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                with socket.socket(fileno=os.dup(descriptor)) as held:
                    held.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
                    held.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(1000 * UNANSWERED_S))


def _say(what: bytes) -> None:
    os.write(sys.stdout.fileno(), what)


if __name__ == "__main__":
    sys.exit(main())
