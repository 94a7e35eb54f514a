"""What was found behind and ahead in, the pixels to show and where they come from out."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.inpaint.cells import clean_box, covered, grow
from stages.inpaint.engine import Picture
from stages.inpaint.propagate.follow import Points
from stages.inpaint.propagate.harmonic import extend
from stages.inpaint.propagate.images import Floats, Known, averaged, enlarged, over, reduced
from stages.inpaint.propagate.pointers import NOWHERE, Pointers
from stages.inpaint.propagate.ring import Ring
from stages.pixels import Pixels
from transport.messages import Box

LIMIT = 0.5  # of a pointer's variance: beyond it an invention looks better
BAND = 10  # pixels around the hole that pointers are tested on
ENOUGH = 40  # pixels of the band that must be readable for a test
BRIGHT = 40.0  # grey levels: a larger difference is another thing, not another light
QUIET = 1.0  # grey levels: a smaller difference is left alone, so that a still camera's pixels keep their bits
NOISE = 6.0  # grey levels that a good match may be off by
WORTH = 2 / 2600  # variance per squared grey level beyond it
STAY = 0.1  # how much surer the frame ahead must be to be preferred to the one behind


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Canvas:
    """A frame's surroundings of its hole, onto which the fill is painted."""

    box: Box  # of the picture, aligned
    pixels: Pixels  # (h, w, C)
    hole: Known  # (h, w)
    rows: NDArray[np.intp]  # (n,) of the hole's pixels, in the order of the pointers
    columns: NDArray[np.intp]


def canvas_of(picture: Picture, points: Points, margin: int) -> Canvas:
    """Return the surroundings of a hole; nothing but grey lies under it."""
    box = grow(points.box, margin, picture.format)
    pixels, hole = clean_box(picture.frame, box), covered(picture, box)
    pixels[hole] = 128
    rows, columns = points.rows + (points.box.y - box.y), points.columns + (points.box.x - box.x)
    return Canvas(box=box, pixels=pixels, hole=hole, rows=rows, columns=columns)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """What is shown at every pixel of the hole."""

    pointers: Pointers  # nowhere where it is yet to be invented
    pixels: Floats  # (n, C)


def fuse(canvas: Canvas, points: Points, past: Pointers, future: Pointers, ring: Ring) -> Shown:
    """Choose, pixel by pixel, what is surer; what is not sure enough is taken from what was invented before."""
    tested = [_test(canvas, points, pointers, ring) for pointers in (past, future)]
    doubts = [_doubt(p, t) for p, t in zip((past, future), tested, strict=True)]
    seen = _smooth(canvas, np.minimum(*doubts) < LIMIT, rim=1.0) & np.isfinite(np.minimum(*doubts))
    newer = _smooth(canvas, doubts[1] + STAY < doubts[0], rim=0.5)
    newer = np.where(np.isfinite(doubts[0]) & np.isfinite(doubts[1]), newer, np.isfinite(doubts[1]))
    chosen = past.take(np.arange(points.rows.size))
    pixels = tested[0].pixels.copy()
    take = seen & newer
    chosen.put(take, future.take(take))
    pixels[take] = tested[1].pixels[take]
    chosen.seq[~seen & ~past.invented] = NOWHERE
    return Shown(pointers=chosen, pixels=pixels)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tested:
    pixels: Floats  # (n, C) as bright as their surroundings
    doubt: Floats  # (n,) variance that the test adds


def _doubt(pointers: Pointers, tested: _Tested) -> Floats:
    real = pointers.valid & ~pointers.invented
    return np.where(real, pointers.variance + tested.doubt, np.float32(np.inf))


def _test(canvas: Canvas, points: Points, pointers: Pointers, ring: Ring) -> _Tested:
    """Read the pointers, and see on the band around the hole how well they would have done there."""
    pixels = ring.read(pointers, points.x, points.y)
    real = pointers.valid & ~pointers.invented
    doubt = np.zeros(points.rows.size, np.float32)
    band = _band(canvas, points, pointers, real)
    shown = ring.shows(band.pointers)
    if shown.sum() < ENOUGH:
        return _Tested(pixels=pixels, doubt=doubt)
    rows, columns, there = band.rows[shown], band.columns[shown], band.pointers.take(shown)
    x, y = (columns + canvas.box.x).astype(np.float32), (rows + canvas.box.y).astype(np.float32)
    off = canvas.pixels[rows, columns] - ring.read(there, x, y)
    lighter, wrong = _spread(canvas, rows, columns, off)
    pixels[real] += _loud(lighter[canvas.rows, canvas.columns][real])
    doubt = np.float32(WORTH) * np.maximum(wrong[canvas.rows, canvas.columns] - NOISE, 0) ** 2
    return _Tested(pixels=np.clip(pixels, 0, 255), doubt=doubt)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Band:
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    pointers: Pointers


def _band(canvas: Canvas, points: Points, pointers: Pointers, real: Known) -> _Band:
    """Return the pixels around the hole, each with the pointer of the hole's pixel next to it, moved along."""
    index = np.flatnonzero(real)
    far = np.ones(canvas.hole.shape, np.uint8)
    far[canvas.rows[index], canvas.columns[index]] = 0
    if not index.size:
        none = np.zeros(0, np.intp)
        return _Band(rows=none, columns=none, pointers=pointers.take(none))
    distance, label = cv2.distanceTransformWithLabels(far, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    owner = np.zeros(int(label.max()) + 1, np.intp)
    owner[label[canvas.rows[index], canvas.columns[index]]] = index
    rows, columns = np.nonzero(~canvas.hole & (distance <= BAND))
    nearest = owner[label[rows, columns]]
    dx = (columns - canvas.columns[nearest]).astype(np.float32)
    dy = (rows - canvas.rows[nearest]).astype(np.float32)
    return _Band(rows=rows, columns=columns, pointers=pointers.take(nearest).moved(dx, dy))


def _spread(canvas: Canvas, rows: NDArray[np.intp], columns: NDArray[np.intp], off: Floats) -> tuple[Floats, Floats]:
    """Smooth the differences on the band and extend them over the canvas: (h, w, C) signed, (h, w) absolute."""
    height, width = canvas.hole.shape
    field = np.zeros((height, width, off.shape[1] + 3), np.float32)
    mild = np.abs(off).max(axis=1) < BRIGHT
    field[rows, columns, :-3] = off * mild[:, None]
    field[rows, columns, -3] = mild
    field[rows, columns, -2] = np.minimum(np.abs(off).mean(axis=1), 60)
    field[rows, columns, -1] = 1
    half = (max((width + 1) // 2, 1), max((height + 1) // 2, 1))
    small = reduced(field, half)
    soft = averaged(averaged(small, 9), 9)
    lighter = extend(over(soft[..., :-3], soft[..., -3]), small[..., -3] > 0.3)
    wrong = extend(over(soft[..., -2:-1], soft[..., -1]), small[..., -1] > 0.3)
    return enlarged(lighter, (width, height)), enlarged(wrong, (width, height))[..., 0]


def _loud(off: Floats) -> Floats:
    """Shrink a difference towards nothing, so that a small one is exactly nothing."""
    return np.sign(off) * np.maximum(np.abs(off) - np.float32(QUIET), 0)


def _smooth(canvas: Canvas, choice: NDArray[np.bool_], *, rim: float) -> NDArray[np.bool_]:
    """Take specks out of a choice made at every pixel of the hole; what lies around the hole counts as `rim`.

    With 1, a narrow strip along it, which is all that a slow camera uncovers at a time, is not taken for a speck.
    """
    image = np.where(canvas.hole, np.float32(0), np.float32(rim))
    image[canvas.rows, canvas.columns] = choice
    smooth: NDArray[np.bool_] = (averaged(image, 5) > 0.5)[canvas.rows, canvas.columns]
    return smooth
