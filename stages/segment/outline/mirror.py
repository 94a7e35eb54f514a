"""An object in, its reflection in water or on a wet floor out: a weakened copy of it, upside down, below it.

The picture below is compared with the object flipped about a level line, stretched by one of a few factors (a camera
that looks down sees the copy shorter, ripples draw it out). The copy must show twice: the object's own pattern within
its outline, and its outline against the water beside it. Both correlations and both strengths are needed, over
several frames: a shadow has an outline without a pattern, textured ground has neither. What is dark below a car looks
like a copy of its bumper and wheels, and ends there; so the outline must go on far from the object.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.outline.plate import Flags
from stages.segment.outline.reduced import Picture
from stages.segment.spot import Grey

LEVELS = (-5, -3, -1, 1)  # reduced pixels from the object's lowest one, at which the water may begin
STRETCHES = (1.0, 0.7, 0.5)  # height of the copy over that of the object
BESIDE = 0.25  # of the object's width, on each side, that the copy's outline is compared with
PATTERN, STRENGTH = 0.2, 0.2  # correlation within the outline, and share of the object's contrast that is seen again
OUTLINE, CONTRAST = 0.25, 0.3  # the same for the outline against what is beside it
NEAR, FAR = 0.4, 0.2  # of the copy's height, beyond which its outline must have so much of the object's contrast still
MEMORY = 0.2  # how fast the verdict follows
SEEN, GONE = 0.9, 0.7  # verdicts, 1 being just good enough, that begin and end a reflection
EVERY = 4  # frames, of which one is searched for the best flip
ENOUGH = 60  # reduced pixels of the copy that must be in sight
LONGER, LONGEST = 1.6, 1.2  # times the stretch that fits best, and over the object: ripples draw its end out, faintly
WIDER = (5, 3)  # reduced pixels: ripples carry the copy further to the sides


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Copy:
    """What a flip about one level would look like."""

    flip: tuple[int, float]
    columns: slice
    rows: slice
    colours: Picture  # (h, w, 3) over these
    inside: Flags  # (h, w)


class Mirror:
    """Follows one object's reflection; holds numbers."""

    def __init__(self, turn: int) -> None:
        """Take by how many frames it searches sooner than others do, after its first."""
        self._turn = turn
        self._verdict: float | None = None
        self._on = False
        self._frame = 0
        self._flip: tuple[int, float] | None = None  # where the water begins, how long the copy is

    def step(self, seen: Picture, inside: Grey, hidden: Flags) -> Flags:
        """Return where the reflection is in the next frame, (h, w); `hidden` is the object and its soft edge."""
        search = self._frame == 0 or (self._frame + self._turn) % EVERY == 0
        self._frame += 1
        copies = self._copies(seen, inside, search)
        found = np.zeros_like(hidden)
        if copies:
            now, best = _best(seen, hidden, copies)
            self._follow(now, best)
            if self._on:
                offset, stretch = best.flip
                best = _flipped(seen, inside, offset, min(stretch * LONGER, LONGEST)) or best
                wide = cv2.dilate(best.inside.view(np.uint8), np.ones(WIDER[::-1], np.uint8)) > 0
                found[best.rows, best.columns] = wide
        return found & ~hidden

    def _copies(self, seen: Picture, inside: Grey, search: bool) -> list[_Copy]:
        if search:
            flips = [(level, stretch) for level in LEVELS for stretch in STRETCHES]
        else:
            flips = [self._flip] if self._on and self._flip else []
        smooth = np.asarray(cv2.blur(seen, (3, 3)), np.float32) if flips else seen
        return [copy for flip in flips if (copy := _flipped(smooth, inside, *flip))]

    def _follow(self, now: float, best: _Copy) -> None:
        last = now if self._verdict is None else self._verdict
        self._verdict = last + MEMORY * (min(now, 2 * SEEN) - last)
        self._on, self._flip = self._verdict > (GONE if self._on else SEEN), best.flip


def _best(seen: Picture, hidden: Flags, copies: list[_Copy]) -> tuple[float, _Copy]:
    best = copies[0]
    now = judge(seen, hidden, best)
    for copy in copies[1:]:
        if (fit := judge(seen, hidden, copy, now)) > now:
            now, best = fit, copy
    return now, best


def judge(seen: Picture, hidden: Flags, copy: _Copy, least: float = -np.inf) -> float:
    """Return how well a copy shows, 1 being just good enough; roughly, where it is no more than `least`."""
    here, free = seen[copy.rows, copy.columns], ~hidden[copy.rows, copy.columns]
    within = copy.inside & free
    if np.count_nonzero(within) < ENOUGH:
        return 0.0
    pattern, strength = _likeness(_level(_pixels(here, within)), _level(_pixels(copy.colours, within)))
    if (sofar := min(pattern / PATTERN, strength / STRENGTH)) <= least:
        return sofar
    beside = (free & ~copy.inside)[:, None].astype(np.float32)  # (h, 1, w)
    water = beside @ here / np.maximum(beside.sum(axis=2, keepdims=True), 1)  # (h, 1, 3)
    off, seen_off = (copy.colours - water) * within[..., None], here - water
    outline, contrast = _likeness(_pixels(seen_off, free), _pixels(off, free))
    far = slice(int(NEAR * len(free)), None)
    _, lasting = _likeness(_pixels(seen_off[far], free[far]), _pixels(off[far], free[far]))
    return min(sofar, outline / OUTLINE, contrast / CONTRAST, lasting / FAR)


def _flipped(seen: Picture, inside: Grey, offset: int, stretch: float) -> _Copy | None:
    x, y, width, height = cv2.boundingRect(inside)
    level = y + height + offset
    columns = slice(max(x - int(BESIDE * width), 0), x + width + int(BESIDE * width))
    there = np.arange(max(level + 1, 0), min(level + 1 + int(height * stretch), seen.shape[0]))
    source = np.rint(level - (there - level) / stretch).astype(int)
    there, source = there[source >= 0], source[source >= 0]
    if not len(there):
        return None
    rows = slice(int(there[0]), int(there[-1]) + 1)
    colours, copied = seen[source, columns], inside[source, columns] > 0
    return _Copy(flip=(offset, stretch), columns=columns, rows=rows, colours=colours, inside=copied)


def _pixels(colours: Picture, where: Flags) -> NDArray[np.float32]:
    """Return the (n, 3) colours where a flag is set; indexing by flags takes four times as long."""
    return colours.reshape(-1, 3).compress(where.ravel(), axis=0)


def _level(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    mean = (
        np.full(len(colours), 1 / len(colours), np.float32) @ colours
    )  # numpy's own takes long along so short an axis
    level: NDArray[np.float32] = colours - mean
    return level


def _likeness(seen: NDArray[np.float32], copy: NDArray[np.float32]) -> tuple[float, float]:
    """Return the correlation of two (n, 3) arrays, and how much of the second is in the first."""
    both, own = float((seen * copy).sum()), float((copy * copy).sum())
    return both / (float((seen * seen).sum()) * own + 1e-6) ** 0.5, both / (own + 1e-6)
