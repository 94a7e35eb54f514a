"""The output clock of a live stream: clean frames as they come in, one for every tick of the clock out.

The output is a constant rate of pictures, each shown a fixed time after it was captured. Where none is there in time,
the last clean one is shown again; one that comes too late is not shown. So the output never stops and never waits,
and what was not cleaned cannot be in it.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

from transport.messages import CleanFrame, Packet, StreamInfo

USUAL_RATE = Fraction(25)  # pictures a second where the source does not say
FASTEST = Fraction(300)  # a source that says more does not know
FOLLOWS_S = 4.0  # in which the two clocks come together but for a third: the source's drifts against ours
SLOWER = 0.1  # share of its speed by which the output clock may differ from ours meanwhile
EARLY_S = 2.0  # beyond the latency, by which a frame may come before its time; more is caught up with at once
MOST_BEHIND_S = 5.0  # after a longer stop of this very process the clock is set anew, and not caught up with
MOST_PACKETS = 10_000  # of sound that wait for their picture


class Pacer:
    """Holds what came before its time: frames of the latency and EARLY_S at most, and the sound beside them."""

    def __init__(self, latency_s: float) -> None:
        self.repeated = self.late = 0  # pictures shown again; frames not shown
        self.lag_s = 0.0  # from capture to the output of the newest picture
        self._latency_s = latency_s
        self._rate, self._tick = USUAL_RATE, Fraction(1)
        self._frames: deque[CleanFrame] = deque()
        self._packets: deque[Packet] = deque(maxlen=MOST_PACKETS)
        self._shown: CleanFrame | None = None
        self._ahead = 0.0  # seconds by which the source's time line is ahead of our clock
        self._taken = 0.0  # where the newest frame lies on it
        self._begin = 0.0  # seconds on the source's time line at which slot 0 lies
        self._slot = 0

    def play(
        self, messages: Iterable[StreamInfo | Packet | CleanFrame | None], clock: Callable[[], float] = time.time
    ) -> Iterator[StreamInfo | Packet | CleanFrame]:
        """Yield a stream at its pace; `messages` is to give None, some times a slot, where nothing else comes."""
        for message in messages:
            if isinstance(message, StreamInfo):
                yield self._opened(message)
            elif message is not None:
                self._take(message)
            yield from self._due(clock())
        while self._frames:
            yield from self._show(clock())
        yield from self._packets

    def _opened(self, info: StreamInfo) -> StreamInfo:
        rate = Fraction(*info.frame_rate)
        self._rate = rate if 0 < rate <= FASTEST else USUAL_RATE
        self._tick = Fraction(*info.time_base)
        return replace(info, frame_rate=self._rate.as_integer_ratio(), frames=0)

    def _take(self, item: Packet | CleanFrame) -> None:
        if isinstance(item, Packet):
            self._packets.append(item)
            return
        at = self._seconds(item)
        if self._shown is None and not self._frames:
            self._ahead = at - item.frame.captured
        elapsed = min(max(at - self._taken, 0.0), 1.0)  # not a frame's time: most of them may have been let go
        off = at - item.frame.captured - self._ahead
        self._ahead += elapsed * min(max(off / FOLLOWS_S, -SLOWER), SLOWER)
        if self._shown is not None:
            self._ahead += max(at - self._at(self._slot) - self._latency_s - EARLY_S, 0.0)
        self._taken = at
        self._frames.append(item)

    def _due(self, now: float) -> Iterator[Packet | CleanFrame]:
        """Yield what is to be shown by now: a slot is over half a picture after its time, so none falls between two."""
        until = now + self._ahead - self._latency_s - float(1 / self._rate) / 2
        if self._shown is None and not self._begins(until):
            return
        if until - self._at(self._slot) > MOST_BEHIND_S:
            self._slot = int((until - self._begin) * self._rate)
        while self._at(self._slot) <= until:
            yield from self._show(now)

    def _begins(self, until: float) -> bool:
        """Lay the first slot at the newest frame whose time has come, if there is one."""
        if not self._frames or self._seconds(self._frames[0]) > until:
            return False
        while len(self._frames) > 1 and self._seconds(self._frames[1]) <= until:
            self._frames.popleft()
            self.late += 1
        self._begin = self._seconds(self._frames[0])
        return True

    def _at(self, slot: int) -> float:
        """Return where a slot lies on the source's time line, in seconds."""
        return self._begin + float(slot / self._rate)

    def _show(self, now: float) -> Iterator[Packet | CleanFrame]:
        """Yield the picture of the next slot, and the sound up to it."""
        if self._shown is None and not self._slot:
            self._begin = self._seconds(self._frames[0])
        at, new = self._at(self._slot), 0
        while self._frames and self._seconds(self._frames[0]) < at + float(1 / self._rate) / 2:
            self._shown, new = self._frames.popleft(), new + 1
        self.late += max(0, new - 1)
        self.repeated += not new
        if new and self._shown is not None:
            self.lag_s = now - self._shown.frame.captured
        while self._packets and _seconds_of(self._packets[0]) <= at:
            yield self._packets.popleft()
        if self._shown is not None:
            yield self._placed(self._shown, at)
        self._slot += 1

    def _placed(self, clean: CleanFrame, at: float) -> CleanFrame:
        pts, duration = round(at / self._tick), max(1, round(1 / (self._rate * self._tick)))
        frame = replace(clean.frame, seq=self._slot, pts=pts, duration=duration)
        return CleanFrame(frame=frame, patch=replace(clean.patch, seq=self._slot))

    def _seconds(self, clean: CleanFrame) -> float:
        return float(clean.frame.pts * self._tick)


def _seconds_of(packet: Packet) -> float:
    ticks = packet.pts if packet.pts is not None else packet.dts
    return float((ticks or 0) * Fraction(*packet.time_base))
