"""An output to the disk in a thread of its own, so that a disk that hangs keeps nobody else waiting."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from stages.encode.live.backlog import Backlog
from stages.encode.live.output import State
from stages.errors import StageError
from stages.retry import WELL_S, pause_s
from transport.messages import Packet, StreamInfo

log = logging.getLogger(__name__)

MOST_BYTES: Final = 16 << 20  # that wait for the disk: half a minute of 4 Mbit/s


class Writer(Protocol):
    """Something on the disk that is being written; SinkError where it cannot be."""

    def put(self, packet: Packet) -> bool:
        """Write a packet; tell whether it had a place there."""
        ...

    def close(self) -> None:
        """Complete it."""
        ...

    def abandon(self) -> None:
        """Leave it as it is."""
        ...


class Lane:
    """Feeds a writer from a backlog; one that fails is opened again after a pause, at a keyframe."""

    def __init__(self, name: str, write: Callable[[StreamInfo], Writer], *, most_bytes: int = MOST_BYTES) -> None:
        self._name, self._write, self._most_bytes = name, write, most_bytes
        self._change = threading.Condition()
        self._backlog = Backlog(0, 0)
        self._sent = self._failures = self._row = 0  # failures in a row
        self._trouble, self._ended = "", False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def state(self) -> State:
        """How it fares."""
        dropped = self._backlog.dropped
        return State(name=self._name, sent=self._sent, dropped=dropped, failures=self._failures, trouble=self._trouble)

    def begin(self, info: StreamInfo) -> None:
        """Learn the streams, and start."""
        self._info, self._backlog = info, Backlog(info.sides[0].index, self._most_bytes)
        self._thread.start()

    def put(self, packet: Packet) -> None:
        """Take a packet, or drop it."""
        with self._change:
            self._backlog.put(packet)
            self._change.notify()

    def end(self) -> None:
        """Know that nothing comes any more."""
        with self._change:
            self._ended = True
            self._change.notify()

    def join(self, deadline: float) -> None:
        """Wait for the disk until a moment of time.monotonic()."""
        if self._thread.ident is None:
            return
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._thread.is_alive():
            log.warning("%s did not end in time; what it was given last may be missing", self._name)

    def _run(self) -> None:
        while not self._ended or len(self._backlog):
            began = time.monotonic()
            try:
                self._live()
            except Exception as error:  # whatever it is, it is this output's alone
                known = isinstance(error, StageError | OSError)
                self._failed(
                    str(error) if known else f"unexpected {type(error).__name__}: {error}",
                    well=time.monotonic() - began > WELL_S,
                )

    def _live(self) -> None:
        """Write from one opening to the end, or to a failure."""
        writer: Writer | None = None
        try:
            while (packet := self._next()) is not None:
                if writer is None:
                    writer = self._write(self._info)
                if writer.put(packet):
                    self._sent, self._trouble = self._sent + 1, ""
            if writer is not None:
                writer.close()
        except BaseException:
            if writer is not None:
                writer.abandon()
            raise

    def _next(self) -> Packet | None:
        """Return the next packet; None at the end."""
        with self._change:
            while (packet := self._backlog.take()) is None and not self._ended:
                self._change.wait()
            return packet

    def _failed(self, why: str, *, well: bool) -> None:
        """Say so, and wait for the next try; nothing is kept meanwhile."""
        self._failures, self._row = self._failures + 1, 1 if well else self._row + 1
        self._trouble, until = why, time.monotonic() + pause_s(self._row)
        log.warning("%s: %s; it is tried again in %g s", self._name, why, pause_s(self._row))
        with self._change:
            while not self._ended and (left := until - time.monotonic()) > 0:
                self._change.wait(left)
            self._backlog.clear()
