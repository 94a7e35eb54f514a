"""A worker's line to its supervisor.

Ready, progress, log lines and failure go up; drain and word of the lost come down.
"""

import logging
import time
from collections.abc import Callable, Sequence

from deploy.errors import exit_code, sentence
from transport import codec
from transport.errors import Silence, TransportError
from transport.messages import StreamInfo
from transport.notes import Drain, Failed, Lost, Note, Progress, Ready, Said
from transport.sockets import Hub, Peer

log = logging.getLogger(__name__)

REPORT_S = 0.25


class Control(logging.Handler):
    """The worker's end. Also a logging handler: what is worth a warning is said by the supervisor, in its display."""

    def __init__(self, hub: Hub, address: str, progress: Callable[[], Progress]) -> None:
        super().__init__(logging.WARNING)
        self._hub, self._progress = hub, progress
        self.draining = False
        self.on_lost: Callable[[Lost], None] = lambda note: None
        self._reported = 0.0
        self._endpoint = hub.connect(address)
        self._endpoint.link = self
        hub.on_tend = self._report_now_and_then
        hub.wait(lambda: self._endpoint.peer.welcome or None, deadline_s=hub.deadlines.connect, what="the supervisor")

    def ready(self, info: StreamInfo | None = None) -> None:
        """Say that work can begin; decode says what it found."""
        self._post(Ready(), codec.encode(info) if info is not None else ())

    def report(self) -> None:
        """Say how far the work is."""
        self._reported = time.monotonic()
        self._post(self._progress())

    def failed(self, error: BaseException) -> None:
        """Say why the work cannot go on."""
        self.report()
        self._post(Failed(code=exit_code(error), sentence=sentence(error)))

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a log line on."""
        self._post(Said(level=record.levelno, text=f"{self._hub.name}: {self.format(record)}"[:2000]))

    def _post(self, note: Note, parts: Sequence[codec.Part] = ()) -> None:
        self._endpoint.post(self._endpoint.peer, note, parts)

    def _report_now_and_then(self) -> None:
        if self._endpoint.peer.welcome and time.monotonic() - self._reported > REPORT_S:
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
        """Without its supervisor a worker must not go on."""
        raise Silence("the supervisor is gone")


class Alone:
    """What a worker has in place of a supervisor: its terminal, and signals."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.draining = False
        self.on_lost: Callable[[Lost], None] = lambda note: None

    def ready(self, info: StreamInfo | None = None) -> None:
        """Say that work can begin."""
        log.info("%s is ready", self._hub.name)

    def report(self) -> None:
        """Nobody asks: /metrics tells."""

    def failed(self, error: BaseException) -> None:
        """Say why the work cannot go on."""
        log.error("%s: %s", self._hub.name, sentence(error))


def quietly(action: Callable[[], None]) -> None:
    """Do a last thing over a line that may be broken already."""
    try:
        action()
    except TransportError as error:
        log.debug("not said: %s", error)
