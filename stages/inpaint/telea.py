"""The baseline engine: every frame by itself, from the rim of its hole inwards.

A. Telea, An image inpainting technique based on the fast marching method, Journal of Graphics Tools 9(1), 2004.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from stages.inpaint.cells import clean_box, covered, grow
from stages.inpaint.engine import EngineKind, EngineOptions, Picture, Reach
from stages.pixels import Pixels

RADIUS = 5  # pixels that a filled pixel looks around itself
RIM = 16  # pixels around the box that are given along
GREY = 128


class Telea:
    """Keeps nothing."""

    def fill(self, window: Sequence[Picture]) -> Pixels:
        """Return the mask's box of the window's only frame, filled; grey where the frame shows nothing at all."""
        picture = window[0]
        around = grow(picture.mask.box, RIM, picture.format)
        hole = covered(picture, around)
        pixels = clean_box(picture.frame, around)
        pixels[hole] = GREY
        filled = pixels if hole.all() else _telea(pixels, hole)
        box = picture.mask.box
        y, x = box.y - around.y, box.x - around.x
        return filled[y : y + box.height, x : x + box.width]


def _telea(pixels: Pixels, hole: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> Pixels:
    eight = np.ascontiguousarray(np.rint(pixels).astype(np.uint8))
    filled = cv2.inpaint(eight, hole.astype(np.uint8), RADIUS, cv2.INPAINT_TELEA)
    return filled.reshape(pixels.shape).astype(np.float32)


def telea(options: EngineOptions) -> EngineKind:
    """Return the engine; it looks at no neighbours and has one way to fill, so that no option changes it."""
    return EngineKind(reach=Reach(offsets=(0,), warm_up=0), state_bytes=lambda picture: 0, start=Telea)
