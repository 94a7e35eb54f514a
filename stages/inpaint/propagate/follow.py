"""The pixels of a hole in, where the window and the past show them out."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stages.compiled import Number, compiled
from stages.inpaint.propagate.images import Floats, Known
from stages.inpaint.propagate.motion import Motion
from stages.inpaint.propagate.plates import Plates
from stages.inpaint.propagate.pointers import INVENTED, KEPT, NOWHERE, SEEN, UNKNOWN, Pointers, nowhere
from stages.inpaint.propagate.sample import clear, take_pair
from stages.inpaint.propagate.view import View

DRIFT = 0.02  # small pixels squared that a step loses at least, when anything moves
SLIP = 0.3  # of the squared distance that a step and the step back miss each other by
SPEED = 0.002  # per small pixel of way
BESIDE = 0.1  # for taking the pixel beside, when only that is shown
AGAIN = 0.05  # for pointing at what was filled in, when the frame itself is gone

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """The small pixels of one frame's hole."""

    rows: Ints  # (n,)
    columns: Ints
    index: Ints  # (h, w) of the view: the number of the point that lies there, or -1

    @property
    def count(self) -> int:
        """How many."""
        return self.rows.size


def points_of(view: View) -> Points:
    """Return the points of a view's hole."""
    rows, columns = (places.astype(np.int32) for places in np.nonzero(view.hole))
    index = np.full(view.hole.shape, -1, np.int32)
    index[rows, columns] = np.arange(rows.size, dtype=np.int32)
    return Points(rows=rows, columns=columns, index=index)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trail:
    """What the points of the last hole pointed at."""

    seq: int
    points: Points
    pointers: Pointers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """Where the points were one frame ago, and what is pointed at there."""

    seq: int
    pointers: Pointers
    x: Floats  # small pixels of the frame before
    y: Floats
    there: NDArray[np.bool_]  # within the picture then


def ahead(points: Points, seqs: Sequence[int], motion: Motion) -> Pointers:
    """Follow every point through the window to the first frame that shows it; `seqs` begin with the points' own."""
    found = nowhere(points.count)
    x, y = points.columns.astype(np.float32), points.rows.astype(np.float32)
    variance, lost = np.zeros(points.count, np.float32), np.zeros(points.count, np.bool_)
    for now, then in pairwise(seqs):
        step = motion.step(now)
        go, come = step.ahead, step.back
        left = _step_ahead(
            x, y, variance, lost, go.vectors, come.vectors, go.box.x, go.box.y, motion.view(then).closed, then,
            found.seq, found.x, found.y, found.variance,
        )  # fmt: skip
        if not left:
            break
    return found


@compiled
def _step_ahead(
    x: Floats, y: Floats, variance: Floats, done: Known, go: Floats, come: Floats, left: int, top: int, hole: Known,
    then: int, seq: Ints, found_x: Floats, found_y: Floats, found_variance: Floats,
) -> int:  # fmt: skip
    """Walk one step with all points that are on their way; note those that arrive, and return how many do not."""
    under_way = 0
    for i in range(x.size):
        if done[i]:
            continue
        u, v = take_pair(go, x[i] - left, y[i] - top)
        x[i] += u
        y[i] += v
        variance[i] += loss(u, v, come, x[i] - left, y[i] - top)
        seen = clear(hole, x[i], y[i])
        if seen == 1:
            seq[i], found_x[i], found_y[i], found_variance[i] = then, x[i], y[i], variance[i]
        done[i] = seen != 0
        under_way += seen == 0
    return under_way


@compiled
def loss(u: Number, v: Number, come: Floats, x: Number, y: Number) -> Number:
    """Return the variance that a step adds; none where nothing moves."""
    back_u, back_v = take_pair(come, x, y)
    missed = (u + back_u) ** 2 + (v + back_v) ** 2
    if u == 0 and v == 0 and missed == 0:
        return np.float32(0)
    return np.float32(DRIFT + SLIP * min(missed, np.float32(9)) + SPEED * (abs(u) + abs(v)))


def behind(points: Points, seq: int, trail: Trail | None, motion: Motion, plates: Plates, oldest: int) -> Past:
    """Look every point up in frame `seq`, the one before: there it is shown, or pointed at, and is pointed at on.

    Frames before `oldest` are about to go: what points into them points into the fill of frame `seq` from now on.
    """
    found, step = nowhere(points.count), motion.step(seq)
    x, y = np.empty(points.count, np.float32), np.empty(points.count, np.float32)
    there = np.zeros(points.count, np.bool_)
    trail = trail if trail is not None and trail.seq == seq else None
    last, index = (trail.pointers, trail.points.index) if trail else (nowhere(0), np.full((1, 1), -1, np.int32))
    go, come = step.back, step.ahead
    _step_behind(
        points.rows, points.columns, go.vectors, come.vectors, go.box.x, go.box.y, motion.view(seq).closed, seq, oldest,
        index, last.seq, last.kind, last.x, last.y, last.variance,
        found.seq, found.kind, found.x, found.y, found.variance, x, y, there,
    )  # fmt: skip
    return Past(seq=seq, pointers=found, x=x, y=y, there=there)


@compiled
def _step_behind(
    rows: Ints, columns: Ints, go: Floats, come: Floats, left: int, top: int, hole: Known, before: int, oldest: int,
    index: Ints, last_seq: Ints, last_kind: NDArray[np.uint8], last_x: Floats, last_y: Floats, last_variance: Floats,
    seq: Ints, kind: NDArray[np.uint8], found_x: Floats, found_y: Floats, variance: Floats,
    was_x: Floats, was_y: Floats, there: Known,
) -> None:  # fmt: skip
    """Write what every point points at, and where it was."""
    height, width = hole.shape
    for i in range(rows.size):
        u, v = take_pair(go, columns[i] - left, rows[i] - top)
        x, y = columns[i] + u, rows[i] + v
        lost = loss(u, v, come, x - left, y - top)
        was_x[i], was_y[i] = x, y
        seen = clear(hole, x, y)
        if seen < 0:
            continue
        there[i] = True
        column, row = min(max(int(x + 0.5), 0), width - 1), min(max(int(y + 0.5), 0), height - 1)
        if seen == 1:
            seq[i], kind[i], found_x[i], found_y[i], variance[i] = before, SEEN, x, y, lost
        elif not hole[row, column]:  # one of its neighbours is not shown
            seq[i], kind[i], found_x[i], found_y[i], variance[i] = before, SEEN, column, row, lost + BESIDE
        elif index.size > 1 and index[row, column] >= 0:
            k = index[row, column]
            if last_seq[k] == NOWHERE:
                continue
            seq[i], kind[i], variance[i] = last_seq[k], last_kind[k], min(last_variance[k] + lost, UNKNOWN)
            found_x[i], found_y[i] = last_x[k] + (x - column), last_y[k] + (y - row)
            if last_seq[k] < oldest or (last_kind[k] == INVENTED and u == 0 and v == 0):
                seq[i], found_x[i], found_y[i] = before, x, y
                kind[i] = max(last_kind[k], KEPT)
                variance[i] += AGAIN if u != 0 or v != 0 else 0
