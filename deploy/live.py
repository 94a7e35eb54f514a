"""A live source's way into the pipeline: the newest frames go on, the oldest are let go when those behind are busy."""

import time
from collections import deque
from dataclasses import dataclass
from typing import Final

from stages.errors import OptionError
from transport.links import Outlet
from transport.messages import Frame, Packet, StreamInfo

MOST_PACKETS: Final = 2000  # of sound that wait with the frames
BACK_OFF_S: Final = (1.0, 5.0, 10.0, 60.0)  # before each further try to open a source that does not come back
RENEWS: Final = 0.1  # how fast the measured pace follows
WAITING: Final = 4  # frames that wait before the window, in decode and on the link
SHORTEST_S: Final = 0.1
LONGEST_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePolicy:
    """What is to be kept up with a camera."""

    latency_s: float = 2.0  # from a frame's capture to its place in the output
    silence_s: float = 10.0  # without a frame, after which the source is opened anew

    def __post_init__(self) -> None:
        for name, value in (("--latency", self.latency_s), ("--silence", self.silence_s)):
            if not SHORTEST_S <= value <= LONGEST_S:
                raise OptionError(f"{name} {value:g}s cannot be used, {SHORTEST_S:g}s to {LONGEST_S:g}s expected")


def back_off(failures: int) -> float:
    """Return the seconds to wait before a source is opened again that failed so many times in a row, 1 or more."""
    return BACK_OFF_S[min(failures, len(BACK_OFF_S)) - 1]


class Window:
    """How many frames may be under way between segment and encode, so that the last of them is still in time.

    What the stages behind take for a frame is measured where their output arrives. If they are slower than the source,
    fewer may be under way, down to what the engine's look-ahead needs to go on at all.
    """

    def __init__(self, latency_s: float, look_ahead: int) -> None:
        self._latency_s, self._least = latency_s, look_ahead + 2
        self._interval_s = 0.0  # between two finished frames, as of late
        self._received, self._at = 0, 0.0

    def received(self, upto: int, now: float) -> None:
        """Know that every frame before `upto` is done with, `now` being time.monotonic()."""
        if upto <= self._received:
            return
        if self._at:
            interval = (now - self._at) / (upto - self._received)
            self._interval_s += RENEWS * (interval - self._interval_s) if self._interval_s else interval
        self._received, self._at = upto, now

    def admits(self, sent: int) -> bool:
        """Tell whether one more frame may follow after so many."""
        in_time = self._latency_s / self._interval_s - WAITING if self._interval_s else self._least
        return sent - self._received < max(self._least, in_time)


class Newest:
    """Decode's end of the link to segment, for a live source: never waits for credit, and holds a few frames at most."""

    def __init__(self, outlet: Outlet, most: int) -> None:
        self._outlet, self._most = outlet, most
        self._waiting: deque[StreamInfo | Packet | Frame] = deque()
        self._frames = 0  # of what waits
        self.dropped = 0  # frames

    def send(self, message: StreamInfo | Packet | Frame) -> None:
        """Send a message now or soon; the oldest frame is let go where more than `most` wait."""
        self._waiting.append(message)
        self._frames += isinstance(message, Frame)
        self.flush()
        while self._frames > self._most:
            self._drop(Frame)
        while len(self._waiting) - self._frames > MOST_PACKETS:
            self._drop(Packet)

    def flush(self) -> None:
        """Send what there is credit for."""
        while self._waiting and self._outlet.offer(self._waiting[0]):
            self._frames -= isinstance(self._waiting.popleft(), Frame)

    def rest(self, until: float) -> None:
        """Send what waits, as far as it can be sent until a moment of time.monotonic()."""
        while self._waiting and time.monotonic() < until:
            self.flush()
            time.sleep(0.01)

    def _drop(self, kind: type) -> None:
        oldest = next(index for index, message in enumerate(self._waiting) if isinstance(message, kind))
        del self._waiting[oldest]
        self._frames -= kind is Frame
        self.dropped += kind is Frame
