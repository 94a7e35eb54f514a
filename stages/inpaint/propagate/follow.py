"""The pixels of a hole in, where the window and the past show them out."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stages.inpaint.propagate.images import Floats
from stages.inpaint.propagate.motion import Flow, Motion
from stages.inpaint.propagate.pointers import NOWHERE, Pointers, into, nowhere
from stages.inpaint.propagate.ring import Ring
from transport.messages import Box

DRIFT = np.float32(0.003)  # small pixels² that a step loses at least, when anything moves
SLIP = np.float32(0.3)  # of the squared distance that a step and the step back miss each other by
SPEED = np.float32(0.002)  # per small pixel of way


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """The pixels of one frame's hole."""

    box: Box  # of the mask
    rows: NDArray[np.intp]  # (n,) within the box
    columns: NDArray[np.intp]

    @property
    def x(self) -> Floats:
        """Pixels of the picture, across."""
        return (self.columns + self.box.x).astype(np.float32)

    @property
    def y(self) -> Floats:
        """Pixels of the picture, down."""
        return (self.rows + self.box.y).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trail:
    """What the pixels of the last hole pointed at."""

    seq: int
    points: Points
    pointers: Pointers

    def nearest(self, x: Floats, y: Floats) -> Pointers:
        """Return the pointer of the hole's pixel that each place lies in, moved by what is left of a pixel."""
        box = self.points.box
        table = np.full((box.height + 2, box.width + 2), -1, np.int64)  # a rim of nothing around
        table[self.points.rows + 1, self.points.columns + 1] = np.arange(self.points.rows.size)
        whole_x, whole_y = np.rint(x), np.rint(y)
        column = np.clip(whole_x - box.x + 1, 0, box.width + 1).astype(int)
        row = np.clip(whole_y - box.y + 1, 0, box.height + 1).astype(int)
        index = table[row, column]
        found = self.pointers.take(index).moved(x - whole_x, y - whole_y)
        found.seq[index < 0] = NOWHERE
        return found


def ahead(points: Points, seqs: Sequence[int], motion: Motion, ring: Ring) -> Pointers:
    """Follow every pixel through the window to the first frame that shows it; `seqs` begin with the pixels' own."""
    found = nowhere(points.rows.size)
    left = np.arange(points.rows.size)
    x, y = points.x, points.y
    variance = np.zeros(x.size, np.float32)
    for now, then in pairwise(seqs):
        if not left.size:
            break
        step = motion.step(now)
        x, y, lost = _walk(x, y, step.ahead, step.back)
        variance = variance + lost
        there = into(then, x, y, variance)
        shown = ring.shows(there)
        found.put(left[shown], there.take(shown))
        left, x, y, variance = left[~shown], x[~shown], y[~shown], variance[~shown]
    return found


def behind(points: Points, seq: int, trail: Trail | None, motion: Motion, ring: Ring) -> Pointers:
    """Look every pixel up in the frame before: there it is shown, or what was pointed at there is pointed at on.

    `seq` is the frame before; `trail` its pointers, None if it had no hole.
    """
    step = motion.step(seq)
    x, y, lost = _walk(points.x, points.y, step.back, step.ahead)
    found = into(seq, x, y, lost)
    shown = ring.shows(found)
    found.seq[~shown] = NOWHERE
    if trail is not None and trail.seq == seq:
        carried = _carry(trail, x[~shown], y[~shown], lost[~shown], ring)
        found.put(np.flatnonzero(~shown), carried)
    return found


def _carry(trail: Trail, x: Floats, y: Floats, lost: Floats, ring: Ring) -> Pointers:
    carried = trail.nearest(x, y)
    carried.variance[:] += lost
    gone = carried.valid & ~ring.holds(carried.seq)
    again = Pointers(
        seq=np.full(x.size, trail.seq, np.int32), kept=np.ones(x.size, np.bool_), x=x, y=y, variance=carried.variance
    )
    carried.put(gone, again.take(gone))
    straight = trail.nearest(np.rint(x), np.rint(y))  # a whole pixel was shown, a part of the next may not be
    hidden = carried.valid & ~ring.shows(carried) & straight.valid
    carried.x[hidden], carried.y[hidden] = straight.x[hidden], straight.y[hidden]
    return carried


def _walk(x: Floats, y: Floats, there: Flow, back: Flow) -> tuple[Floats, Floats, Floats]:
    """Take one step and return the new places, and the variance that the step adds; none where nothing moves."""
    go = there.at(x, y)
    moved_x, moved_y = x + go[:, 0], y + go[:, 1]
    come = back.at(moved_x, moved_y)
    scale = np.array(there.scale, np.float32)
    missed = (((go + come) / scale) ** 2).sum(axis=1)
    way = np.abs(go / scale).sum(axis=1)
    lost = np.where((way > 0) | (missed > 0), DRIFT, 0) + SLIP * np.minimum(missed, 9) + SPEED * way
    return moved_x, moved_y, lost.astype(np.float32)
