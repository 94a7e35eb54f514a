"""Differences in, whole things out: what is surely different with all that hangs on to it, without holes and specks."""

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]  # (H, W), 0 or 1
Colours = NDArray[np.uint8]  # (H, W, 3)
Values = NDArray[np.float32]  # (H, W)
Where = NDArray[np.bool_]  # (H, W)

SURE = 2.0  # times the weak level
SMALLEST = 0.0003  # of the picture: what is smaller is a speck ...
SEED = 0.15  # ... and so is what has less of its area surely different
BRIDGE = 0.012  # of the picture's height: gaps that are closed between parts of one thing
HOLE = 0.02  # of the picture: larger holes stay open, as one sees the scene through them
RIM = 1  # pixels by which things are grown: their soft border
BARE = 0.7  # contrast along a ghost's border in the picture, of that in the plate
FLAT = 6.0  # levels of contrast along a border below which nothing can be said


def whole(off: Values, level: Values, before: Where) -> Where:
    """Return what moves: `off` is the difference, `level` the weak one, `before` what moved in the frame before."""
    weak = (off > level).astype(np.uint8)
    seed = (off > SURE * level) | (before & (weak > 0))
    weak = _joined(weak)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    seeds = np.bincount(labels[seed], minlength=count)
    areas = stats[:, cv2.CC_STAT_AREA]
    kept = (areas >= SMALLEST * weak.size) & (seeds >= SEED * areas)
    kept[0] = False
    filled = _filled(kept[labels].astype(np.uint8))
    size = 2 * RIM + 1
    return np.asarray(cv2.dilate(filled, np.ones((size, size), np.uint8)) > 0)


def ghosts(still: Where, sure: Where, picture: Colours, plate: Colours) -> Where:
    """Return which parts of what stands still are bare ground: their border is seen in the plate, not in the picture.

    `still` is what moved or appeared, and has not changed for a while; `sure` is surely different. What cannot be told
    is no ghost, as an object that stopped must not be shown, unless hardly anything of it is surely different.
    """
    gone = np.zeros_like(still)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(still.astype(np.uint8), connectivity=8)
    for label in range(1, count):
        x, y, width, height, area = (int(value) for value in stats[label])
        rows, columns = slice(max(y - 3, 0), y + height + 3), slice(max(x - 3, 0), x + width + 3)
        part = labels[rows, columns] == label
        faint = np.count_nonzero(part & sure[rows, columns]) < SEED * area
        if faint or _is_bare(part, picture[rows, columns], plate[rows, columns]):
            gone[rows, columns] |= part
    return gone


def _is_bare(part: Where, picture: Colours, plate: Colours) -> bool:
    border = cv2.morphologyEx(part.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)) > 0
    now, then = (_contrast(image)[border].mean() for image in (picture, plate))
    return bool(then > FLAT and now < BARE * then)


def _contrast(image: Colours) -> Grey:
    return np.asarray(cv2.morphologyEx(image, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).max(axis=2), np.uint8)


def _joined(weak: Grey) -> Grey:
    """Take out single pixels, then close gaps."""
    size = max(3, round(BRIDGE * weak.shape[0]) | 1)
    opened = cv2.medianBlur(weak, 3)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, disc), np.uint8)


def _filled(mask: Grey) -> Grey:
    """Fill holes that are not large; those at the picture's edge are none."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - mask, connectivity=4)
    if count <= 2:
        return mask
    height, width = mask.shape
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right, bottom = left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT]
    hole = (left > 0) & (top > 0) & (right < width) & (bottom < height)
    hole &= stats[:, cv2.CC_STAT_AREA] < HOLE * mask.size
    hole[0] = False
    return np.where(hole[labels], np.uint8(1), mask)
