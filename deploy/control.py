"""A worker's line to its supervisor.

Ready, progress, log lines and failure go up; drain and word of the lost come down.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Sequence

from deploy.errors import exit_code, sentence
from transport import codec
from transport.errors import Silence, TransportError
from transport.messages import StreamInfo
from transport.notes import Drain, Failed, Lost, Note, Progress, Ready, Said
from transport.peers import Peer
from transport.sockets import Hub

log = logging.getLogger(__name__)

REPORT_S = 0.25
MOST_LINES = 100  # of the log between two reports


class Control(logging.Handler):
    """The worker's end. Also a logging handler: what is worth a warning is said by the supervisor, in its display."""

    code = 0  # what the supervisor was told need not be told by the exit code

    def __init__(self, hub: Hub, address: str, progress: Callable[[], Progress], parent: int) -> None:
        super().__init__(logging.WARNING)
        self._hub, self._progress, self._parent = hub, progress, parent
        self._lines: deque[Said] = deque(maxlen=MOST_LINES)
        self.draining = False
        self.on_drain: Callable[[], None] = lambda: None
        self.on_lost: Callable[[Lost], None] = lambda note: None
        self.on_ready: Callable[[], None] = lambda: None
        self._reported = 0.0
        self._endpoint = hub.connect(address)
        self._endpoint.link = self
        hub.on_tend = self._report_now_and_then
        hub.wait(lambda: self._endpoint.peer.welcome or None, deadline_s=hub.deadlines.connect, what="the supervisor")

    def ready(self, info: StreamInfo | None = None) -> None:
        """Say that work can begin; decode says what it found."""
        self.on_ready()
        self._post(Ready(), codec.encode(info) if info is not None else ())

    def report(self) -> None:
        """Say how far the work is."""
        self._reported = time.monotonic()
        while self._lines:
            self._post(self._lines.popleft())
        self._post(self._progress())

    def failed(self, error: BaseException) -> None:
        """Say why the work cannot go on."""
        self.report()
        self._post(Failed(code=exit_code(error), sentence=sentence(error)))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a log line for the next report: whoever logs may hold any lock, and must not wait."""
        self._lines.append(Said(level=record.levelno, text=f"{self._hub.name}: {self.format(record)}"[:2000]))

    def _post(self, note: Note, parts: Sequence[codec.Part] = ()) -> None:
        self._endpoint.post(self._endpoint.peer, note, parts)

    def _report_now_and_then(self) -> None:
        now, peer = time.monotonic(), self._endpoint.peer
        listening = peer.welcome and now - peer.heard < self._hub.deadlines.silence
        if listening and now - self._reported > REPORT_S:
            self.report()

    def joined(self, peer: Peer) -> None:
        """The supervisor is there."""

    def heard(self, peer: Peer, note: Note, parts: Sequence[codec.Part]) -> None:
        """Do as the supervisor says."""
        if isinstance(note, Drain):
            self.draining = True
        elif isinstance(note, Lost):
            self.on_lost(note)

    def lost(self, peer: Peer) -> None:
        """Without its supervisor a worker must not go on; one that is only stopped will be back."""
        if os.getppid() != self._parent:
            raise Silence("the supervisor is gone")


class Alone:
    """What a worker has in place of a supervisor: its terminal, and signals."""

    def __init__(self, hub: Hub, progress: Callable[[], Progress]) -> None:
        self._hub, self._progress = hub, progress
        self.code = 0
        self.draining = False
        hub.on_tend = self.report
        self.on_drain: Callable[[], None] = lambda: None
        self.on_lost: Callable[[Lost], None] = lambda note: None
        self.on_ready: Callable[[], None] = lambda: None

    def ready(self, info: StreamInfo | None = None) -> None:
        """Say that work can begin."""
        self.on_ready()
        log.info("%s is ready", self._hub.name)

    def report(self) -> None:
        """Bring the metrics up to date, and let go of what is to be drained: nobody else asks."""
        self._progress()
        if self.draining:
            self.on_drain()

    def failed(self, error: BaseException) -> None:
        """Say why the work cannot go on."""
        self.code = exit_code(error)
        log.error("%s: %s", self._hub.name, sentence(error))


def quietly(action: Callable[[], None]) -> None:
    """Do a last thing over a line that may be broken already."""
    try:
        action()
    except TransportError as error:
        log.debug("not said: %s", error)
