"""A live source's lives, one after the other, in; one stream with one time line out."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

from stages.errors import SourceError
from transport.messages import Frame, Packet, StreamInfo

SLIP_S = 1.0  # between a source's time stamps and the arrival of its frames; for so long, and it is believed

Item = StreamInfo | Packet | Frame


def continued(items: Iterable[Item], *, by_arrival: bool = False) -> Iterator[Item]:
    """Yield one StreamInfo, and then frames that count on and times that go on, however often the source began anew.

    A source that begins anew sends its StreamInfo again. What lies between its lives is as long on the time line as it
    was on the clock; within one, times are its own, or with `by_arrival` those at which its frames came. Where its own
    leave a pause out, or jump, the time line follows the clock again. SourceError where it comes back as something else
    than it was.
    """
    line: _Line | None = None
    for item in items:
        if isinstance(item, StreamInfo):
            if line is None:
                line = _Line(item, by_arrival=by_arrival)
                yield item
            else:
                line.begin(item)
        elif line is not None and (placed := line.place(item)) is not None:
            yield placed


class _Line:
    """The time line of the whole stream, and where on it the present life of the source lies."""

    def __init__(self, info: StreamInfo, *, by_arrival: bool) -> None:
        self._info, self._by_arrival = info, by_arrival
        self._tick = Fraction(*info.time_base)
        self._sides = {side.index for side in info.sides}
        self._frames = 0
        self._last: Frame | None = None  # as it was yielded
        self._moved: Fraction | None = Fraction(0)  # seconds that times are later than the source has them; None: new
        self._ahead = 0.0  # seconds by which the time line was ahead of the clock when the two were last held together
        self._slipped = 0.0  # when the two began to differ, 0 if they do not

    def begin(self, info: StreamInfo) -> None:
        """Know that the source has begun anew."""
        found, was = info.format, self._info.format
        if (found.width, found.height, found.pixel_format) != (was.width, was.height, was.pixel_format):
            raise SourceError(
                f"{info.stream} came back as {found.width}x{found.height} {found.pixel_format}, "
                f"it began as {was.width}x{was.height} {was.pixel_format}"
            )
        if info.time_base != self._info.time_base:
            raise SourceError(f"{info.stream} came back with ticks of {info.time_base} s, not {self._info.time_base}")
        self._moved = None

    def place(self, item: Packet | Frame) -> Packet | Frame | None:
        """Return a frame or packet at its place; None for a packet that has none: nothing is known to belong to it."""
        if isinstance(item, Frame):
            return self._frame(item)
        return self._packet(item, self._moved) if self._moved is not None and item.index in self._sides else None

    def _frame(self, frame: Frame) -> Frame:
        pts, last = frame.pts, self._last
        if last is None:
            self._moved = Fraction(0)
        else:
            if self._moved is None or self._by_arrival or self._has_slipped(frame):
                by_clock = round(Fraction(frame.captured + self._ahead) / self._tick)
                self._moved = (by_clock - frame.pts) * self._tick
                self._slipped = 0.0
            pts = max(pts + round(self._moved / self._tick), last.pts + 1)
        if last is None or not self._slipped:
            self._ahead = float(pts * self._tick) - frame.captured
        self._last = replace(frame, seq=self._frames, pts=pts, format=self._info.format)
        self._frames += 1
        return self._last

    def _has_slipped(self, frame: Frame) -> bool:
        """Tell whether its own times are off for long; what comes late and all at once, is not."""
        assert self._moved is not None
        off = float(frame.pts * self._tick + self._moved) - frame.captured - self._ahead
        if abs(off) < SLIP_S:
            self._slipped = 0.0
            return False
        self._slipped = self._slipped or frame.captured
        return frame.captured - self._slipped > SLIP_S

    def _packet(self, packet: Packet, moved: Fraction) -> Packet:
        ticks = round(moved / Fraction(*packet.time_base))
        pts, dts = packet.pts, packet.dts
        return replace(packet, pts=None if pts is None else pts + ticks, dts=None if dts is None else dts + ticks)
