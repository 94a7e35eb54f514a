"""Time stamps as they lie in files in, a time line that only goes forward out."""

import logging
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from transport.messages import Packet

log = logging.getLogger(__name__)

FALL_S = 1  # seconds: a clock that falls back by more was set anew, by less it is merely untidy


@dataclass(slots=True, kw_only=True)
class Clock:
    """The time line of the video: every pts is later than the one before.

    A frame without a pts follows its predecessor by that one's duration. A pts that does not rise is set one tick
    after its predecessor; one that falls back by more than a second is a clock that was set anew, and everything
    after it is moved along.
    """

    name: str  # of the source, for the warning
    time_base: Fraction
    step: int  # ticks to assume where no duration is known
    last: int | None = None
    last_duration: int = 0
    moved: int = 0  # ticks added since the clock was set anew, or since the source is played again
    mended: int = 0

    def place(self, pts: int | None, duration: int) -> int:
        """Return the pts of the next frame."""
        after = 0 if self.last is None else self.last + (self.last_duration or self.step)
        placed = after if pts is None else pts + self.moved
        if self.last is not None and placed <= self.last:
            if (self.last - placed) * self.time_base > FALL_S:
                self.moved += after - placed
                log.warning("%s: the clock falls back at pts %s, the time line goes on", self.name, pts)
                placed = after
            else:
                self.mended += 1
                placed = self.last + 1
        self.last, self.last_duration = placed, duration
        return placed

    def move(self, seconds: Fraction) -> None:
        """Let the source be played again, this much later than the first time."""
        self.moved = ceil(seconds / self.time_base)

    def report(self) -> None:
        """Log how many time stamps had to be mended."""
        if self.mended:
            log.warning("%s: %d time stamps did not rise and were moved by a tick", self.name, self.mended)


@dataclass(slots=True, kw_only=True)
class SideClock:
    """The time line of a side stream: its times are not touched unless its clock is set anew, as the video's is."""

    time_base: Fraction
    moved: int = 0  # ticks
    last: int | None = None  # dts
    end: int = 0  # ticks at which the latest packet is over

    def place(self, packet: Packet) -> Packet:
        """Return the packet at its place on the time line."""
        given = packet.dts if packet.dts is not None else packet.pts
        if given is None:
            return packet
        if self.last is not None and (self.last - given - self.moved) * self.time_base > FALL_S:
            self.moved = self.end - given
        self.last = given + self.moved
        self.end = max(self.end, self.last + packet.duration)
        if not self.moved:
            return packet
        pts, dts = packet.pts, packet.dts
        return replace(
            packet, pts=None if pts is None else pts + self.moved, dts=None if dts is None else dts + self.moved
        )

    def move(self, seconds: Fraction) -> None:
        """Let the source be played again, this much later than the first time."""
        self.moved = ceil(seconds / self.time_base)
