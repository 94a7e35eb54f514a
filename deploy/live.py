"""A live source's way through the pipeline: what each stage does there that it does not do with a file."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from deploy.control import Alone, Control
from deploy.errors import sentence
from deploy.merge import Merge
from deploy.policy import BEHIND, LATE, LivePolicy
from deploy.tally import Tally
from stages.errors import SourceError
from stages.retry import pause_s
from transport.links import Inlet, Outlet
from transport.messages import CleanFrame, Frame, Packet, StreamInfo
from transport.sockets import Hub

log = logging.getLogger(__name__)
Decoded: TypeAlias = StreamInfo | Packet | Frame

TICK_S: Final = 0.01  # how often the clock is looked at where nothing else happens
MOST_FRAMES: Final = 2  # that wait in decode
MOST_PACKETS: Final = 2000  # of sound that wait with them


class Newest:
    """Decode's end of the link to segment, for a live source: never waits for credit, holds a few frames at most."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._waiting: deque[Decoded] = deque()
        self._frames = 0  # of what waits
        self.dropped = 0  # frames

    def send(self, message: Decoded) -> None:
        """Send a message now or later; the oldest are let go where more than a few wait."""
        self._waiting.append(message)
        self._frames += isinstance(message, Frame)
        while self._waiting and self._outlet.offer(self._waiting[0]):
            self._frames -= isinstance(self._waiting.popleft(), Frame)
        while self._frames > MOST_FRAMES:
            self._drop(Frame)
        while len(self._waiting) - self._frames > MOST_PACKETS:
            self._drop(Packet)

    def _drop(self, kind: type) -> None:
        oldest = next(index for index, message in enumerate(self._waiting) if isinstance(message, kind))
        del self._waiting[oldest]
        self._frames -= kind is Frame
        self.dropped += kind is Frame


def decode_live(messages: Iterable[Decoded], outlet: Outlet, hub: Hub, tally: Tally) -> None:
    """Send what there is room for, until the source ends."""
    newest = Newest(outlet)
    tally.dropped = lambda: {BEHIND: newest.dropped}
    for message in tally.timed(messages):
        newest.send(tally.came(message))
        tally.frames_out = tally.frames_in - newest.dropped
        hub.pump(0)


def opened_again(
    life: Iterable[Decoded], anew: Callable[[], Iterable[Decoded]], hub: Hub, control: Control | Alone, tally: Tally
) -> Iterator[Decoded]:
    """Yield a live source's lives, one after the other, until this process is told to go.

    For one that has no supervisor; where there is one, it starts the whole process again, as a decoder may hang.
    """
    failures, tally.signs.reopened = 0, 0
    while True:
        frames, began = tally.frames_in, time.monotonic()
        try:
            for message in _lived(life, tally):
                if control.draining:
                    return
                yield message
        except SourceError as error:
            failures = 1 if tally.frames_in > frames else failures + 1
            wait = pause_s(failures, time.monotonic() - began)
            log.warning("%s; it is opened again in %.0f s", sentence(error), wait)
        else:
            return  # a folder of pictures, which has an end
        if hub.wait_until(lambda: control.draining or None, wait):
            return
        tally.signs.reopened += 1
        life = anew()


def _lived(life: Iterable[Decoded], tally: Tally) -> Iterator[Decoded]:
    """Yield one life of a source, showing whether it is up; one that gives nothing and does not end is stuck."""
    try:
        tally.pulse.computes(True)
        for message in life:
            tally.signs.source_up = True
            yield message
            tally.pulse.computes(True)
    finally:
        tally.pulse.computes(False)
        tally.signs.source_up = False


def until_told(inlet: Inlet[Decoded], control: Control | Alone) -> Iterator[Decoded]:
    """Yield what comes until the supervisor asks to drain: a live source has no end of its own."""
    for message in inlet.ticking(TICK_S):
        if control.draining:
            return
        if message is not None:
            yield message


def paced(merge: Merge, policy: LivePolicy, tally: Tally) -> Iterator[StreamInfo | Packet | CleanFrame]:
    """Yield the clean stream by the output clock."""
    from stages.encode.pace import Pacer

    pacer = Pacer(policy.latency_s)
    tally.dropped, tally.repeated = lambda: {LATE: pacer.late}, lambda: pacer.repeated
    return pacer.play(tally.source(merge.ticking(TICK_S)))
