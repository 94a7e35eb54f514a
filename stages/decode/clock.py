"""Time stamps as they lie in files in, a time line that only goes forward out."""

import logging
from dataclasses import dataclass
from fractions import Fraction

log = logging.getLogger(__name__)


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
            if (self.last - placed) * self.time_base > 1:
                self.moved += after - placed
                log.warning("%s: the clock falls back at pts %s, the time line goes on", self.name, pts)
                placed = after
            else:
                self.mended += 1
                placed = self.last + 1
        self.last, self.last_duration = placed, duration
        return placed

    def report(self) -> None:
        """Log how many time stamps had to be mended."""
        if self.mended:
            log.warning("%s: %d time stamps did not rise and were moved by a tick", self.name, self.mended)
