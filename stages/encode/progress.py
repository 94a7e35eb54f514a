"""How many frames would survive if every process were killed now."""

from collections import deque
from fractions import Fraction

_ROUNDING = Fraction(1, 100)  # seconds; the muxer compares in its own ticks, and lets go only beyond its limit
QUEUE_S = 1  # that the muxer may keep packets back to put them in order (max_interleave_delta)


class Progress:
    """Follows the video's packets from the encoder into the muxer, out of its queue and onto the disk.

    The muxer hands packets on in order of their decoding time, and holds none that is more than QUEUE_S behind the
    newest (libavformat/mux.c, av_interleave_packet_per_dts). A container that writes in fragments writes, with each,
    everything that had been handed on before it; so what had left the queue before a write is on the disk after it.
    """

    def __init__(self, *, alone: bool) -> None:
        self._margin = Fraction(0) if alone else QUEUE_S + _ROUNDING  # seconds; a single stream is not kept back
        self._queued: deque[tuple[Fraction, int]] = deque()  # (decoding time, seq): bounded by the queue's length
        self._gathered: deque[int] = deque()  # seq, left the queue: bounded by a fragment's length
        self._ahead: set[int] = set()  # on the disk while an earlier frame is not: bounded by the B-frames
        self._newest: Fraction | None = None
        self.durable = 0  # frames from the first without a gap

    def arrived(self) -> None:
        """Note that everything handed on so far is on the disk."""
        self._ahead.update(self._gathered)
        self._gathered.clear()
        while self.durable in self._ahead:
            self._ahead.remove(self.durable)
            self.durable += 1

    def muxed(self, time: Fraction | None, seq: int | None) -> None:
        """Note a packet that the muxer took: its decoding time in seconds, and its frame's seq if it is the video's."""
        if time is not None and (self._newest is None or time > self._newest):
            self._newest = time
        if seq is not None and time is not None:
            self._queued.append((time, seq))
        while self._queued and self._newest is not None and self._queued[0][0] <= self._newest - self._margin:
            self._gathered.append(self._queued.popleft()[1])
