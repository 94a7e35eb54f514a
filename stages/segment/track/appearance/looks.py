"""Small pictures of an object as it once looked, and where in a larger picture something looks alike."""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.spot import SURE, Grey
from stages.segment.view import Colours

Floats = NDArray[np.float32]

SIDE = 24  # pixels: square root of the object's area in a look
RIM = 2  # pixels of surroundings around it: the outline is a good part of what is recognised
LEAST = 5  # pixels: of a look's shorter side
CHANNELS = 4  # OpenCV compares no more at once
SLOPE, TINT = 0.5, 2.0  # weights of a gradient, and of a and b, against brightness


class Look(NamedTuple):
    """An object in its box with a rim."""

    channels: Floats  # (rows, columns, CHANNELS)
    values: Floats  # (rows, columns) 1 is the object


class Match(NamedTuple):
    """Where a look is in a picture of the same scale, and how alike, -1 to 1."""

    x: int
    y: int
    likeness: float


def look(patch: Colours, values: Grey) -> Look | None:
    """Return the look of the object in a patch; None if nothing is sure or it is too thin to be recognised."""
    inside = (values >= SURE).view(np.uint8)
    scale = SIDE / max(float(np.count_nonzero(inside)), 1.0) ** 0.5
    size = round(values.shape[1] * scale), round(values.shape[0] * scale)
    if min(size) < LEAST or not inside.any():
        return None
    small = np.asarray(cv2.resize(inside.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)
    x, y, width, height = cv2.boundingRect((small > 0.5).view(np.uint8))
    rows, columns = slice(max(y - RIM, 0), y + height + RIM), slice(max(x - RIM, 0), x + width + RIM)
    cut = small[rows, columns]
    return Look(channels(patch, size)[rows, columns].copy(), cut.copy()) if min(cut.shape) >= LEAST else None


def channels(picture: Colours, size: tuple[int, int]) -> Floats:
    """Return a reduced picture as (rows, columns, CHANNELS): L a b and the gradient, none of it sharper than a look."""
    small = cv2.GaussianBlur(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), (0, 0), 0.8)
    lab = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2LAB), np.float32)
    light = np.ascontiguousarray(lab[..., 0])
    dx, dy = cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)
    slope = SLOPE * np.sqrt(dx * dx + dy * dy)
    return np.dstack([light, TINT * lab[..., 1], TINT * lab[..., 2], slope]).astype(np.float32)


def resized(this: Look, scale: float) -> Look:
    """Return a look for a picture in which the object is smaller or larger."""
    if scale == 1:
        return this
    rows, columns = this.values.shape
    size = max(LEAST, round(columns * scale)), max(LEAST, round(rows * scale))
    planes = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (*_planes(this.channels), this.values)]
    return Look(np.dstack(planes[:-1]).astype(np.float32), np.asarray(planes[-1], np.float32))


def matches(picture: Floats, this: Look, most: int) -> Iterator[Match]:
    """Yield the places in a picture's channels where a look fits best, best first, none over another."""
    rows, columns = this.values.shape
    if rows > picture.shape[0] or columns > picture.shape[1]:
        return
    likeness = _likeness(picture, this)
    for _ in range(most):
        _, best, _, (x, y) = cv2.minMaxLoc(likeness)
        if best <= 0:
            return
        yield Match(x, y, best)
        likeness[max(y - rows // 2, 0) : y + rows // 2 + 1, max(x - columns // 2, 0) : x + columns // 2 + 1] = -1


def _likeness(picture: Floats, this: Look) -> Floats:
    """Return the correlation of a look with every place, over all channels at once, the object's pixels counting."""
    weight = np.repeat((0.2 + 0.8 * this.values)[..., None], CHANNELS, axis=2).astype(np.float32)
    found = cv2.matchTemplate(picture, this.channels, cv2.TM_CCOEFF_NORMED, mask=weight)
    # A flat place correlates with nothing, and rounding then makes anything of it.
    return np.where(np.isfinite(found) & (np.abs(found) <= 1), found, -1).astype(np.float32)


def _planes(values: Floats) -> list[Floats]:
    return [np.ascontiguousarray(values[..., k]) for k in range(values.shape[2])]
