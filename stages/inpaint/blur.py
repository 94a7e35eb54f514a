"""A hole's filling in, the same with what is to be blurred in it blurred out: a few averages are left of it."""

import cv2
import numpy as np

from stages.inpaint.engine import Picture
from stages.pixels import Pixels
from transport.messages import Box

CELLS = 6  # along the longer side: a face is no face any more
LEAST = 4.0  # pixels of a cell: of what is small, fewer cells are left


def blur(picture: Picture, filled: Pixels) -> Pixels:
    """Return the (h, w, C) filling of the mask's box, blurred where the frame says so and as it was elsewhere."""
    if picture.blurred is None or (inner := _common(picture.mask.box, picture.blurred.box)) is None:
        return filled
    alpha = picture.blurred.alpha[_within(inner, picture.blurred.box)][..., np.newaxis] / np.float32(255)
    part = _within(inner, picture.mask.box)
    pixels = filled.copy()
    pixels[part] += (_coarse(picture.read(inner)) - pixels[part]) * alpha
    return pixels


def _coarse(pixels: Pixels) -> Pixels:
    height, width, _ = pixels.shape
    cell = max(max(height, width) / CELLS, LEAST)
    size = max(1, round(width / cell)), max(1, round(height / cell))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    wide = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide, np.float32).reshape(pixels.shape)


def _common(one: Box, other: Box) -> Box | None:
    x, y = max(one.x, other.x), max(one.y, other.y)
    right = min(one.x + one.width, other.x + other.width)
    bottom = min(one.y + one.height, other.y + other.height)
    return Box(x=x, y=y, width=right - x, height=bottom - y) if x < right and y < bottom else None


def _within(inner: Box, outer: Box) -> tuple[slice, slice]:
    x, y = inner.x - outer.x, inner.y - outer.y
    return slice(y, y + inner.height), slice(x, x + inner.width)
