"""What the engine asks of cv2, with its types put right: (h, w, C) stays so when C is 1, masks are of truth values."""

import cv2
import numpy as np
from numpy.typing import NDArray

from transport.messages import Box

Floats = NDArray[np.float32]  # (h, w), (h, w, C) or (n,), (n, C)
Known = NDArray[np.bool_]  # (h, w)
Grey = NDArray[np.uint8]  # (h, w)
Bytes = NDArray[np.uint8]  # (h, w, C)
Places = NDArray[np.intp]  # (n,)


def reduced(values: Floats, size: tuple[int, int]) -> Floats:
    """Return an image at a smaller (width, height), every pixel the mean of those it replaces."""
    return _resized(values, size, cv2.INTER_AREA)


def softened(values: Floats, sigma: float) -> Floats:
    """Return an image blurred by a Gaussian."""
    return _like(values, cv2.GaussianBlur(values, (0, 0), sigma))


def averaged(values: Floats, side: int) -> Floats:
    """Return an image with every pixel the mean of the square around it."""
    return _like(values, cv2.blur(values, (side, side)))


def widened(known: Known, radius: int) -> Known:
    """Return what is set and everything up to `radius` pixels beside it."""
    grown: Known = cv2.dilate(known.astype(np.uint8), _square(radius)) > 0
    return grown


def narrowed(known: Known, radius: int) -> Known:
    """Return what is set with everything set up to `radius` pixels around it; nothing beyond the edge is."""
    mask = known.astype(np.uint8)
    left: Known = cv2.erode(mask, _square(radius), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    return left


def depth(known: Known) -> Floats:
    """Return the distance of what is set to what is not."""
    return np.asarray(cv2.distanceTransform(known.astype(np.uint8), cv2.DIST_L2, 3), np.float32)


def over(values: Floats, weight: Floats) -> Floats:
    """Return (..., C) sums divided by their (...) weights; where nothing weighs, nothing comes of it."""
    return np.asarray(values / np.maximum(weight, np.float32(1e-3))[..., None], np.float32)


def bounds(hole: Known) -> Box:
    """Return the box around what is set."""
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    if not rows.size:
        return Box(x=0, y=0, width=0, height=0)
    return Box(
        x=int(columns[0]),
        y=int(rows[0]),
        width=int(columns[-1] - columns[0]) + 1,
        height=int(rows[-1] - rows[0]) + 1,
    )


def grown(box: Box, margin: int, shape: tuple[int, ...]) -> Box:
    """Return a box with a margin, cut at the edges of an image."""
    x, y = max(box.x - margin, 0), max(box.y - margin, 0)
    right, bottom = min(box.x + box.width + margin, shape[1]), min(box.y + box.height + margin, shape[0])
    return Box(x=x, y=y, width=right - x, height=bottom - y)


def part(box: Box) -> tuple[slice, slice]:
    """Return the rows and columns of a box."""
    return slice(box.y, box.y + box.height), slice(box.x, box.x + box.width)


def union(one: Box, other: Box) -> Box:
    """Return the box around two boxes, of which one may be empty."""
    if one.width == 0 or other.width == 0:
        return other if one.width == 0 else one
    x, y = min(one.x, other.x), min(one.y, other.y)
    right = max(one.x + one.width, other.x + other.width)
    bottom = max(one.y + one.height, other.y + other.height)
    return Box(x=x, y=y, width=right - x, height=bottom - y)


def _resized(values: Floats, size: tuple[int, int], interpolation: int) -> Floats:
    if values.ndim == 2 or values.shape[2] <= 4:
        return _like(values, cv2.resize(values, size, interpolation=interpolation))
    parts = [np.ascontiguousarray(values[..., start : start + 4]) for start in range(0, values.shape[2], 4)]
    return np.concatenate([_resized(part, size, interpolation) for part in parts], axis=2)


def _square(radius: int) -> Grey:
    return np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)


def _like(values: Floats, result: NDArray[np.generic]) -> Floats:
    whole = np.asarray(result, np.float32)
    return whole[..., None] if whole.ndim < values.ndim else whole
