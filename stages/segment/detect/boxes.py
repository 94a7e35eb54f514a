"""Boxes as arrays: cut a picture into squares, compare boxes, keep each object once."""

import numpy as np
from numpy.typing import NDArray

from transport.messages import Box

Boxes = NDArray[np.float64]  # (n, 4): left, top, right, bottom in pixels

OVERLAP = 0.3  # of a square, with the next: what is smaller is whole in one of them
SAME = 0.45  # intersection over union from which two boxes are one object (FastestDet's own threshold)
INSIDE = 0.8  # share of the smaller box inside the larger from which they are one: half an object, and all of it


def squares(width: int, height: int, side: int) -> list[Box]:
    """Return squares that cover a picture and overlap; `side` is cut to the picture's own shorter one."""
    side = min(side, width, height)
    return [Box(x=x, y=y, width=side, height=side) for y in _starts(height, side) for x in _starts(width, side)]


def is_cut(boxes: Boxes, tile: Box, width: int, height: int, margin: float) -> NDArray[np.bool_]:
    """Return which boxes end within `margin` of an edge of the tile that is not the picture's: half an object."""
    left = (boxes[:, 0] < tile.x + margin) & (tile.x > 0)
    top = (boxes[:, 1] < tile.y + margin) & (tile.y > 0)
    right = (boxes[:, 2] > tile.x + tile.width - margin) & (tile.x + tile.width < width)
    bottom = (boxes[:, 3] > tile.y + tile.height - margin) & (tile.y + tile.height < height)
    cut: NDArray[np.bool_] = left | top | right | bottom
    return cut


def overlaps(first: Boxes, second: Boxes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, as (n, m), intersection over union, and intersection over the smaller of the two."""
    shared = _overlap(first, second, 0) * _overlap(first, second, 1)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (first, second)]
    smaller = np.minimum(areas[0][:, None], areas[1][None])
    union = areas[0][:, None] + areas[1][None] - shared
    return shared / np.maximum(union, 1e-9), shared / np.maximum(smaller, 1e-9)


def each_once(boxes: Boxes, scores: NDArray[np.floating], kinds: NDArray[np.intp] | None = None) -> list[int]:
    """Return which boxes to keep, best first: those that are not one with a better box of the same kind."""
    union, inside = overlaps(boxes, boxes)
    same = (union > SAME) | (inside > INSIDE)
    if kinds is not None:
        same &= kinds[:, None] == kinds[None]
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        if not same[i, kept].any():
            kept.append(int(i))
    return kept


def inside_picture(corners: NDArray[np.floating], width: int, height: int) -> Box | None:
    """Return the whole pixels that a box covers of the picture, None if none."""
    left, top = (max(int(np.floor(value)), 0) for value in corners[:2])
    right, bottom = min(int(np.ceil(corners[2])), width), min(int(np.ceil(corners[3])), height)
    return Box(x=left, y=top, width=right - left, height=bottom - top) if right > left and bottom > top else None


def corners(boxes: list[Box]) -> Boxes:
    """Return boxes as an array, (n, 4)."""
    rows = [(box.x, box.y, box.x + box.width, box.y + box.height) for box in boxes]
    return np.array(rows, np.float64).reshape(-1, 4)


def _starts(length: int, side: int) -> list[int]:
    count = 1 + int(np.ceil((length - side) / (side * (1 - OVERLAP))))
    return [round(start) for start in np.linspace(0, length - side, count)]


def _overlap(first: Boxes, second: Boxes, axis: int) -> NDArray[np.float64]:
    start = np.maximum(first[:, None, axis], second[None, :, axis])
    end = np.minimum(first[:, None, axis + 2], second[None, :, axis + 2])
    length: NDArray[np.float64] = np.maximum(end - start, 0)
    return length
