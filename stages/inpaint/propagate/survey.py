"""Masked frames in, a file of how every hole moves and what lies bare beside it out: the first of two passes.

A record for every frame with a hole, and for those beside one. It holds where the points of the hole are in the next
frame and in the one before, and a crop of what this frame shows of the holes of its neighbours.
"""

import struct
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stages.compiled import compiled
from stages.inpaint.engine import Picture
from stages.inpaint.propagate.crop import Crop, cut, get_crop, put_crop
from stages.inpaint.propagate.doubt import BAND
from stages.inpaint.propagate.flow import Flow
from stages.inpaint.propagate.follow import loss
from stages.inpaint.propagate.images import Bytes, Floats, Known, bounds, grown, part, union, widened
from stages.inpaint.propagate.motion import Motion
from stages.inpaint.propagate.records import Cursor, Reader, Writer, packed, squeezed
from stages.inpaint.propagate.sizes import small_size
from stages.inpaint.propagate.view import View
from transport.messages import Box, MaskedFrame, PictureFormat

NAME = "survey"
MARGIN = BAND + 6  # small pixels around what is shown of a hole, for testing it
_HEAD = struct.Struct("<4I4?")  # the box of the hole, in small pixels; a flat picture; a way ahead, one back, a crop
NOTHING = Box(x=0, y=0, width=0, height=0)

FINE = 128  # of a small pixel: the unit of a step
ROOT = 100  # the unit of a variance is the square of this part of a small pixel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Way:
    """Where the places of one frame are in a neighbour of it, for a region."""

    box: Box  # small pixels: the hole's, one wider on every side
    steps: Floats  # (h, w, 3) small pixels across, down, and the variance that is lost


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surveyed:
    """How the hole of one frame moves."""

    hole: Known  # (h, w) of the view
    closed: Known  # (h, w) of the view
    ahead: Way | None  # to the next frame
    back: Way | None  # to the one before


def survey(frames: Iterable[MaskedFrame], folder: Path) -> Iterator[int]:
    """Yield the number of every frame when it has been surveyed; the file is complete when the frames are.

    Holds three frames and what is known of their motion.
    """
    surveyor: _Surveyor | None = None
    try:
        for masked in frames:
            surveyor = surveyor or _Surveyor(folder, masked.frame.format)
            surveyor.see(masked)
            yield masked.frame.seq
        if surveyor is not None:
            surveyor.finish()
    finally:
        if surveyor is not None:
            surveyor.close()


class _Surveyor:
    """The last frames of the shot, and the file."""

    def __init__(self, folder: Path, picture: PictureFormat) -> None:
        self._writer = Writer(folder / NAME, NAME, picture)
        self._held: deque[Picture] = deque(maxlen=3)  # so that a step can look at the step before
        self._motion = Motion()
        self._shot = -1
        self._shown = NOTHING  # of the last hole, in the latest frame
        self._back: Way | None = None  # from the latest frame to the one before

    def see(self, masked: MaskedFrame) -> None:
        """Take the next frame in, and write the record of the one before."""
        if masked.shot != self._shot or (self._held and masked.frame.seq != self._held[-1].seq + 1):
            self.finish()
            self._shot = masked.shot
        self._held.append(Picture(masked))
        if len(self._held) > 1:
            self._step()

    def finish(self) -> None:
        """Write the record of the last frame of a shot."""
        if self._held:
            last = self._held[-1]
            if not last.mask.empty or self._shown.width:
                self._motion.see([last])
                self._write(last, self._motion.view(last.seq), None, self._back, self._shown)
        self._held.clear()
        self._motion, self._shown, self._back = Motion(), NOTHING, None

    def close(self) -> None:
        """Let go of the file."""
        self._writer.close()

    def _step(self) -> None:
        before, now = self._held[-2], self._held[-1]
        if before.mask.empty and now.mask.empty:
            self._rest()
            return
        self._motion.see(list(self._held))
        one, other = self._motion.view(before.seq), self._motion.view(now.seq)
        if not one.box.width and not other.box.width:  # masks that hide nothing
            self._rest()
            return
        step = self._motion.step(before.seq)
        ahead, back = _way(one, step.ahead, step.back), _way(other, step.back, step.ahead)
        here = union(self._shown, _shown(back, other.hole, one.closed))
        if one.box.width or here.width:
            self._write(before, one, ahead, self._back, here)
        self._shown, self._back = _shown(ahead, one.hole, other.closed), back

    def _rest(self) -> None:
        """Between two frames without a hole there is nothing to look at; the first may show the hole before it."""
        if self._shown.width:
            before = self._held[-2]
            self._write(before, self._motion.view(before.seq), None, None, self._shown)
        self._motion, self._shown, self._back = Motion(), NOTHING, None
        while len(self._held) > 1:
            self._held.popleft()

    def _write(self, picture: Picture, view: View, ahead: Way | None, back: Way | None, shown: Box) -> None:
        box = view.box
        parts = [
            _HEAD.pack(
                box.x, box.y, box.width, box.height, view.flat, ahead is not None, back is not None, shown.width > 0
            ),
            packed(view.hole[part(box)]),
        ]
        parts += [part for way in (ahead, back) if way is not None for part in _put_way(way)]
        if shown.width:
            parts += put_crop(cut(picture, view, grown(shown, MARGIN, view.hole.shape)))
        self._writer.add(picture.seq, parts)


def _way(view: View, go: Flow, come: Flow) -> Way | None:
    """Return where the places of a hole go; None without a hole."""
    if not view.box.width:
        return None
    box = grown(view.box, 1, view.hole.shape)
    steps = np.empty((box.height, box.width, 3), np.float32)
    _steps(go.vectors, come.vectors, box.x - go.box.x, box.y - go.box.y, steps)
    return Way(box=box, steps=steps)


@compiled
def _steps(go: Floats, come: Floats, left: int, top: int, steps: Floats) -> None:
    """Write the vectors of a part of a flow, and what is lost on the way."""
    for row in range(steps.shape[0]):
        for column in range(steps.shape[1]):
            u, v = go[row + top, column + left, 0], go[row + top, column + left, 1]
            steps[row, column, 0], steps[row, column, 1] = u, v
            steps[row, column, 2] = loss(u, v, come, column + left + u, row + top + v)


def _shown(way: Way | None, hole: Known, there: Known) -> Box:
    """Return the box around what a frame shows of the hole of its neighbour, or may have come to show it by now.

    What moves by a fraction of a pixel is not shown at once where it is bare: a pixel beside it is enough.
    """
    if way is None:
        return NOTHING
    rows, columns = np.nonzero(hole[part(way.box)])
    steps = way.steps[rows, columns]
    x = np.rint(columns + way.box.x + steps[:, 0]).astype(np.int64)
    y = np.rint(rows + way.box.y + steps[:, 1]).astype(np.int64)
    inside = (x >= 0) & (y >= 0) & (x < there.shape[1]) & (y < there.shape[0])
    x, y, moves = x[inside], y[inside], steps[inside, :2].any(axis=1)
    shown = np.zeros(there.shape, np.bool_)
    bare = np.where(moves, widened(~there, 1)[y, x], ~there[y, x])
    shown[y[bare], x[bare]] = True
    return bounds(shown)


def read_survey(reader: Reader, seq: int, picture: PictureFormat) -> Surveyed | None:
    """Return how the hole of a frame moves; None if nothing was noted of the frame."""
    cursor = reader.get(seq)
    if cursor is None:
        return None
    width, height = small_size(picture)
    x, y, w, h, flat, ahead, back, _ = cursor.numbers(_HEAD)
    box, hole = Box(x=x, y=y, width=w, height=h), np.zeros((height, width), np.bool_)
    cursor.expect(x + w <= width and y + h <= height, "its hole lies outside the picture")
    hole[part(box)] = cursor.bits(h, w)
    around = grown(box, 1, hole.shape)
    ways = [_read_way(cursor, around) if there else None for there in (ahead, back)]
    return Surveyed(hole=hole, closed=np.ones_like(hole) if flat else hole, ahead=ways[0], back=ways[1])


def read_crop(reader: Reader, seq: int, picture: PictureFormat) -> Crop | None:
    """Return what a frame shows of the holes of its neighbours; None if that is nothing."""
    cursor = reader.get(seq)
    if cursor is None:
        return None
    *_, ahead, back, cropped = cursor.numbers(_HEAD)
    cursor.skip(1 + 2 * (ahead + back))
    return get_crop(cursor, seq, picture) if cropped else None


def _put_way(way: Way) -> list[bytes]:
    moves = np.rint(np.clip(way.steps[..., :2], -255, 255) * np.float32(FINE)).astype(np.int16)
    return [squeezed(moves), squeezed(roots(way.steps[..., 2]))]


def _read_way(cursor: Cursor, box: Box) -> Way:
    steps = np.empty((box.height, box.width, 3), np.float32)
    steps[..., :2] = cursor.array(np.int16, box.height, box.width, 2) / np.float32(FINE)
    steps[..., 2] = squares(cursor.array(np.uint8, box.height, box.width))
    return Way(box=box, steps=steps)


def roots(variance: Floats) -> Bytes:
    """Return variances, small pixels squared, as bytes; 0 stays 0."""
    return np.minimum(np.rint(np.sqrt(variance) * np.float32(ROOT)), 255).astype(np.uint8)


def squares(root: Bytes) -> Floats:
    """Return the variances that `roots` wrote."""
    return (root.astype(np.float32) / np.float32(ROOT)) ** 2
