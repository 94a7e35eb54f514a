"""A picture in, the small grey view of it that motion is measured on out."""

from dataclasses import dataclass

import cv2
import numpy as np

from stages.inpaint.cells import covered, grow
from stages.inpaint.engine import Picture
from stages.inpaint.propagate.harmonic import extend
from stages.inpaint.propagate.images import Grey, Known, bounds, grown, widened
from stages.pixels import luma
from transport.messages import Box, PictureFormat

SIDE = 540  # pixels that the longer side of a view has at most


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """A reduced picture, in small pixels."""

    grey: Grey  # (h, w); nothing of what lies under the hole is in it
    hole: Known  # (h, w)
    box: Box  # around the hole; empty without one
    scale: tuple[float, float]  # pixels per small pixel, across and down


def look(picture: Picture) -> View:
    """Return the view of a picture, its hole filled from the rim."""
    size = small_size(picture.format)
    scale = (picture.format.width / size[0], picture.format.height / size[1])
    grey = cv2.resize(np.ascontiguousarray(luma(picture.frame)), size, interpolation=cv2.INTER_AREA)
    hole = _small_hole(picture, size, scale)
    box = bounds(hole)
    return View(grey=_rimmed(np.asarray(grey, np.uint8), hole, box), hole=hole, box=box, scale=scale)


def small_size(picture: PictureFormat) -> tuple[int, int]:
    """Return width and height of a view, in small pixels."""
    shrink = -(-max(picture.width, picture.height) // SIDE)
    return max(picture.width // shrink, 1), max(picture.height // shrink, 1)


def _small_hole(picture: Picture, size: tuple[int, int], scale: tuple[float, float]) -> Known:
    """Return every small pixel that has anything of the hole in it or beside it."""
    hole = np.zeros((size[1], size[0]), np.bool_)
    if not picture.mask.empty:
        box = grow(picture.mask.box, 0, picture.format)
        rows, columns = np.nonzero(covered(picture, box))
        x, y = ((columns + box.x) / scale[0]).astype(int), ((rows + box.y) / scale[1]).astype(int)
        hole[np.minimum(y, size[1] - 1), np.minimum(x, size[0] - 1)] = True
    return widened(hole, 1)


def _rimmed(grey: Grey, hole: Known, box: Box) -> Grey:
    if box.width == 0:
        return grey
    region = grown(box, 4, grey.shape)
    rows, columns = slice(region.y, region.y + region.height), slice(region.x, region.x + region.width)
    filled = grey.copy()
    smooth = extend(grey[rows, columns].astype(np.float32)[..., None], ~hole[rows, columns])[..., 0]
    filled[rows, columns] = np.where(hole[rows, columns], np.clip(smooth, 0, 255), grey[rows, columns])
    return filled


def union(one: Box, other: Box) -> Box:
    """Return the box around two boxes, of which one may be empty."""
    if one.width == 0 or other.width == 0:
        return other if one.width == 0 else one
    x, y = min(one.x, other.x), min(one.y, other.y)
    right = max(one.x + one.width, other.x + other.width)
    bottom = max(one.y + one.height, other.y + other.height)
    return Box(x=x, y=y, width=right - x, height=bottom - y)
