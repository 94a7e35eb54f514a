"""The baseline engine: every frame by itself, from the rim of its hole inwards.

A. Telea, An image inpainting technique based on the fast marching method, Journal of Graphics Tools 9(1), 2004.
"""

from collections.abc import Sequence
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.inpaint.cells import clean_box, covered, grow
from stages.inpaint.engine import EngineKind, EngineOptions, Picture, Reach
from stages.pixels import Pixels
from transport.messages import PictureFormat

RADIUS = 5  # pixels that a filled pixel looks around itself
RIM = 16  # pixels around the box that are given along
GREY = 128

Hole = NDArray[np.bool_]  # (h, w)


class Telea:
    """Keeps nothing."""

    def __init__(self, longest: int) -> None:
        """Take how many pixels of a picture's longer side are filled; fewer are enlarged. 0: all of them."""
        self._longest = longest

    def fill(self, window: Sequence[Picture]) -> Pixels:
        """Return the mask's box of the window's only frame, filled; grey where the frame shows nothing at all."""
        picture = window[0]
        around = grow(picture.mask.box, RIM, picture.format)
        hole = covered(picture, around)
        filled = filled_in(clean_box(picture.frame, around), hole, picture.format, self._longest)
        box = picture.mask.box
        y, x = box.y - around.y, box.x - around.x
        return filled[y : y + box.height, x : x + box.width]


def filled_in(pixels: Pixels, hole: Hole, picture: PictureFormat, longest: int = 0) -> Pixels:
    """Return a box's pixels with the hole filled, at a size that is smaller by a whole number.

    `longest`: how many pixels the picture's longer side may have then; 0: all of them.
    """
    pixels[hole] = GREY
    shrink = -(-max(picture.width, picture.height) // longest) if longest else 1
    if hole.all():
        return pixels
    if shrink == 1:
        return _telea(pixels, hole)
    height, width = hole.shape
    size = max(width // shrink, 1), max(height // shrink, 1)
    known = np.where(hole, np.float32(0), np.float32(1))
    share = np.asarray(cv2.resize(known, size, interpolation=cv2.INTER_AREA), np.float32)
    small = cv2.resize(pixels * known[..., None], size, interpolation=cv2.INTER_AREA).reshape(*share.shape, -1)
    shown = np.asarray(small / np.maximum(share, np.float32(1e-3))[..., None], np.float32)
    made = cv2.resize(_telea(shown, share < np.float32(0.5)), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(hole[..., None], made.reshape(pixels.shape), pixels)


def _telea(pixels: Pixels, hole: Hole) -> Pixels:
    eight = np.ascontiguousarray(np.rint(pixels).astype(np.uint8))
    filled = cv2.inpaint(eight, hole.astype(np.uint8), RADIUS, cv2.INPAINT_TELEA)
    return filled.reshape(pixels.shape).astype(np.float32)


def telea(options: EngineOptions) -> EngineKind:
    """Return the engine; it looks at no neighbours."""
    start = partial(Telea, options.working)
    return EngineKind(reach=Reach(offsets=(0,), warm_up=0), state_bytes=lambda picture: 0, start=start)
