"""The fill of a live stream: an engine in, the same engine as long as it keeps up, and cheaper ones while it does not.

Frames that there is no time for never come here, so an engine that is too slow sees a slower stream. Where more than a
few are missing, the same engine fills a smaller picture; where that leaves less than half of them, the cheapest does.
That is the plate, which is shown some of the frames while others fill, so that it knows the place when it is needed.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from stages.inpaint.engine import Engine, EngineKind, EngineOptions, Picture
from stages.inpaint.engines import find_engine
from stages.inpaint.plate.kind import plate, shared
from stages.pixels import Pixels

log = logging.getLogger(__name__)

CHEAPEST: Final = "telea"  # of those that need no neighbours, where the engine has none that the plate could see
SEES: Final = 5  # of so many frames that another fills, the plate is shown one
SMALLER: Final = 270  # pixels along the longest side of what is filled, where it must be cheaper
SOME: Final = 1.2  # times the usual time between frames: one in six or more is missing
FEW: Final = 2.2  # fewer than half of them come through
BUSY: Final = 0.7  # share of that time which the engine takes; below, it is not the engine that is too slow
PATIENCE_S: Final = 3.0  # of that, after which the next cheaper fill takes over
RETRY_S, LONGEST_S = 30.0, 600.0  # after which the better one is tried again; doubled each time that it fails
FOLLOWS: Final = 0.1  # how fast the measured times follow
FORGETS: Final = 1.0005  # how fast the usual time does, a frame


def adaptive(name: str, options: EngineOptions, told: Callable[[int], None] = lambda level: None) -> EngineKind:
    """Return an engine of that name for a live stream; its reach is that of the engine itself.

    `told` hears which of the fills is used, the engine itself being 0.
    """
    best = find_engine(name, options)
    small = replace(options, working=min(options.working or SMALLER, SMALLER))
    levels = [best]
    if small != options:
        levels.append(find_engine(name, small))
    place = shared()
    behind = plate(place)
    fits = set(behind.reach.offsets) <= set(best.reach.offsets)
    if name != CHEAPEST:
        levels.append(behind if fits else find_engine(CHEAPEST, small))
    pace = Pace(len(levels), told=told)  # what was learned of a machine holds for the next chunk

    def see(picture: Picture) -> None:
        if fits:
            place().see(picture)

    return replace(
        best,
        start=lambda: Adaptive(levels, best.reach.offsets, pace, see),
        state_bytes=lambda picture: best.state_bytes(picture) + fits * behind.state_bytes(picture),
    )


class Pace:
    """Which of several fills there is time for, the best being 0."""

    def __init__(
        self,
        levels: int,
        clock: Callable[[], float] = time.monotonic,
        told: Callable[[int], None] = lambda level: None,
    ) -> None:
        self.level = 0
        self._last_level, self._told, self._clock = levels - 1, told, clock
        told(self.level)
        self._usual_s = 0.0  # between two frames where nothing is too slow
        self._interval_s = self._took_s = 0.0
        self._since = clock()  # when it began to be too slow, or was not yet
        self._changed = clock()
        self._retry_s = RETRY_S

    def filled(self, interval_s: float, took_s: float) -> None:
        """Know that a frame was filled, so long after the one before was captured, and what that took."""
        if interval_s <= 0:
            return
        self._usual_s = min(self._usual_s * FORGETS or interval_s, interval_s)
        share = FOLLOWS if self._interval_s else 1.0
        self._interval_s += share * (interval_s - self._interval_s)
        self._took_s += share * (took_s - self._took_s)
        now = self._clock()
        few = FEW if self.level else SOME
        if not (self._interval_s > few * self._usual_s and self._took_s > BUSY * self._interval_s):
            self._since = now
            if self.level and now - self._changed > self._retry_s:
                self._change(self.level - 1, "there is time for a better fill")
        elif now - self._since > PATIENCE_S and self.level < self._last_level:
            soon = now - self._changed < 2 * RETRY_S and self._changed > 0
            self._retry_s = min(2 * self._retry_s, LONGEST_S) if soon else RETRY_S
            self._change(self.level + 1, "there is no time for it: a cheaper fill takes over")

    def _change(self, level: int, why: str) -> None:
        log.warning("fill %d of %d: %s", self.level + 1, self._last_level + 1, why)
        self.level, self._changed, self._since = level, self._clock(), self._clock()
        self._told(level)
        self._interval_s = self._took_s = 0.0


class Adaptive:
    """Fills with the best engine that there is time for; a new one begins where the last left off."""

    def __init__(
        self,
        levels: Sequence[EngineKind],
        offsets: Sequence[int],
        pace: Pace,
        see: Callable[[Picture], None] = lambda picture: None,
    ) -> None:
        self._levels, self._offsets, self._pace, self._see = levels, offsets, pace, see
        self._filled = 0
        self._engine: Engine = levels[pace.level].start()
        self._level = pace.level
        self._captured = 0.0  # when the last frame was

    def fill(self, window: Sequence[Picture]) -> Pixels:
        """Return what the present engine makes of its part of the window."""
        if self._level != self._pace.level:
            self._level = self._pace.level
            self._engine = self._levels[self._level].start()
        seats = [self._offsets.index(offset) for offset in self._levels[self._level].reach.offsets]
        began = time.perf_counter()
        if self._filled % SEES == 0:
            self._see(window[self._offsets.index(0) - 1])  # at the first, perhaps, without what enters
        self._filled += 1
        pixels = self._engine.fill([window[seat] for seat in seats])
        took, captured = time.perf_counter() - began, window[self._offsets.index(0)].frame.captured
        if self._captured:
            self._pace.filled(captured - self._captured, took)
        self._captured = captured
        return pixels
