"""The survey of a video in, where every point of a hole is seen out: later, or earlier, however far away.

Once from the last frame to the first, for what is seen later, and once from the first to the last. A point is followed
over a few frames; where it is still hidden it goes on as the point that it has come to be.
"""

import struct
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stages.compiled import compiled
from stages.inpaint.propagate.follow import BESIDE, Ints, Points
from stages.inpaint.propagate.fuse import LIMIT
from stages.inpaint.propagate.images import Floats, Known
from stages.inpaint.propagate.pointers import NOWHERE, UNKNOWN, Pointers, nowhere
from stages.inpaint.propagate.records import Reader, Writer, packed, squeezed
from stages.inpaint.propagate.sample import clear
from stages.inpaint.propagate.survey import NAME, Surveyed, Way, read_survey, roots, squares
from transport.messages import PictureFormat

LATER, EARLIER = "later", "earlier"
STEADY = 0.6  # of the variance that its steps add up to: without a detour from pixel to pixel less is lost
FARTHEST = 65535  # frames that a pointer reaches
FINE = 32  # of a small pixel: the unit of a place
_SIZE = struct.Struct("<I")  # how many points the hole has
STRIDE = 8  # frames that a point is followed by itself: less drift than from pixel to pixel, every frame


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Stop:
    """A frame, and what its points point at."""

    seq: int
    way: Way | None  # on from here, the way the sweep looks
    closed: Known  # (h, w), where nothing is to be taken from
    index: Ints  # (h, w): the number of the point that lies there, or -1
    pointers: Pointers


def sweep(folder: Path, picture: PictureFormat, direction: str, nearest: int) -> Iterator[int]:
    """Yield the numbers of the frames as they are done: LATER from the last to the first, EARLIER from the first.

    Writes the file of that name: for every frame with a hole the pointers to frames that are `nearest` or more frames
    away. Holds STRIDE records of the survey.
    """
    reader = Reader(folder / NAME, NAME, picture)
    with closing(Writer(folder / direction, direction, picture)) as writer:
        passed: deque[_Stop] = deque(maxlen=STRIDE)  # the one passed last is the first
        for seq in reversed(range(reader.end)) if direction == LATER else range(reader.end):
            surveyed = read_survey(reader, seq, picture)
            if surveyed is None:
                passed.clear()
                continue
            passed.appendleft(_passed(seq, surveyed, passed, direction))
            _write(writer, passed[0], nearest)
            yield seq


def _passed(seq: int, surveyed: Surveyed, passed: Iterable[_Stop], direction: str) -> _Stop:
    """Follow the points of a frame over those that were passed before."""
    rows, columns = (places.astype(np.int32) for places in np.nonzero(surveyed.hole))
    index = np.full(surveyed.hole.shape, -1, np.int32)
    index[rows, columns] = np.arange(rows.size, dtype=np.int32)
    found, walk = nowhere(rows.size), _Walk(rows, columns)
    way = surveyed.ahead if direction == LATER else surveyed.back
    stop = _Stop(seq=seq, way=way, closed=surveyed.closed, index=index, pointers=found)
    at = stop
    for other in passed:
        if at.way is None:
            return stop
        walk.step(at.way, other, found)
        at = other
    if at is not stop:
        walk.go_on(at, found)
    return stop


class _Walk:
    """Where the points have come to."""

    def __init__(self, rows: Ints, columns: Ints) -> None:
        self._x, self._y = columns.astype(np.float32), rows.astype(np.float32)
        self._variance, self._done = np.zeros(rows.size, np.float32), np.zeros(rows.size, np.bool_)

    def step(self, way: Way, to: _Stop, found: Pointers) -> None:
        """Go one frame on; note in `found` who is seen there."""
        _step(
            self._x, self._y, self._variance, self._done, way.steps, way.box.x, way.box.y,
            to.closed, to.seq, found.seq, found.x, found.y, found.variance,
        )  # fmt: skip

    def go_on(self, at: _Stop, found: Pointers) -> None:
        """Let those that are still hidden point where the points that they have come to point."""
        there = at.pointers
        _go_on(
            self._x, self._y, self._variance, self._done, at.closed, at.seq, at.index,
            there.seq, there.x, there.y, there.variance, found.seq, found.x, found.y, found.variance,
        )  # fmt: skip


@compiled
def _step(
    x: Floats, y: Floats, variance: Floats, done: Known, steps: Floats, left: int, top: int, hole: Known, then: int,
    seq: Ints, found_x: Floats, found_y: Floats, found_variance: Floats,
) -> None:  # fmt: skip
    """Walk one step with all points that are on their way; note those that arrive."""
    height, width = steps.shape[:2]
    go = np.empty(3, np.float32)
    for i in range(x.size):
        if done[i]:
            continue
        across, down = min(max(x[i] - left, 0.0), width - 1.0), min(max(y[i] - top, 0.0), height - 1.0)
        column, row = int(across), int(down)
        right, below = min(column + 1, width - 1), min(row + 1, height - 1)
        a, b = np.float32(across - column), np.float32(down - row)
        for c in range(3):
            upper = (1 - a) * steps[row, column, c] + a * steps[row, right, c]
            lower = (1 - a) * steps[below, column, c] + a * steps[below, right, c]
            go[c] = (1 - b) * upper + b * lower
        x[i] += go[0]
        y[i] += go[1]
        variance[i] += go[2]
        seen = clear(hole, x[i], y[i])
        if seen == 1:
            seq[i], found_x[i], found_y[i], found_variance[i] = then, x[i], y[i], variance[i]
        done[i] = seen != 0


@compiled
def _go_on(
    x: Floats, y: Floats, variance: Floats, done: Known, hole: Known, then: int, index: Ints, last_seq: Ints,
    last_x: Floats, last_y: Floats, last_variance: Floats, seq: Ints, found_x: Floats, found_y: Floats,
    found_variance: Floats,
) -> None:  # fmt: skip
    """Let the points that have not arrived point where the points nearest to them do, by the rest of a pixel beside."""
    height, width = hole.shape
    for i in range(x.size):
        if done[i]:
            continue
        column, row = min(max(int(x[i] + 0.5), 0), width - 1), min(max(int(y[i] + 0.5), 0), height - 1)
        if not hole[row, column]:
            seq[i], found_x[i], found_y[i], found_variance[i] = then, column, row, variance[i] + BESIDE
            continue
        k = index[row, column]
        if k >= 0 and last_seq[k] != NOWHERE:
            seq[i], found_variance[i] = last_seq[k], min(last_variance[k] + variance[i], UNKNOWN)
            found_x[i], found_y[i] = last_x[k] + (x[i] - column), last_y[k] + (y[i] - row)


def _write(writer: Writer, stop: _Stop, nearest: int) -> None:
    there = stop.pointers
    away = np.abs(there.seq - stop.seq)
    kept = (there.seq != NOWHERE) & (away >= nearest) & (away <= FARTHEST) & (there.variance < LIMIT)
    if kept.any():
        rows, columns = (places[kept] for places in np.nonzero(stop.index >= 0))
        places = [there.x[kept] - columns, there.y[kept] - rows]
        moves = [np.rint(np.clip(place, -999, 999) * np.float32(FINE)).astype(np.int16) for place in places]
        arrays = [away[kept].astype(np.uint16), *moves, roots(np.float32(STEADY) * there.variance[kept])]
        writer.add(stop.seq, [_SIZE.pack(kept.size), packed(kept), *(squeezed(array) for array in arrays)])


def read_pointers(reader: Reader, seq: int, points: Points) -> Pointers:
    """Return where the points of a frame point by a file that a sweep wrote."""
    found, cursor = nowhere(points.count), reader.get(seq)
    if cursor is None:
        return found
    (size,) = cursor.numbers(_SIZE)
    cursor.expect(size == points.count, f"its hole has {size} points, {points.count} expected")
    kept = cursor.bits(size)
    many = int(np.count_nonzero(kept))
    away = cursor.array(np.uint16, many).astype(np.int32)
    found.seq[kept] = seq + away if reader.what == LATER else seq - away
    found.x[kept] = points.columns[kept] + cursor.array(np.int16, many) / np.float32(FINE)
    found.y[kept] = points.rows[kept] + cursor.array(np.int16, many) / np.float32(FINE)
    found.variance[kept] = squares(cursor.array(np.uint8, many))
    return found
