"""Which detection is which of the objects that are followed: boxes and looks of both in, pairs out."""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.detect.boxes import Boxes, overlaps
from stages.segment.view import Colours

REACH = 0.25  # of a box's sides, on every side: boxes so enlarged must overlap, as small objects outrun their own
LEAST = 0.12  # likeness of a pair
LOOKS = 0.4  # share of the likeness that colours decide
BINS = 6  # of hue and of saturation

Look = NDArray[np.float32]  # (BINS * BINS,), sums to 1


def look(picture: Colours) -> Look:
    """Return what colours the middle of an object has."""
    height, width = picture.shape[:2]
    middle = picture[height // 8 : height - height // 8, width // 4 : width - width // 4]
    colours = cv2.cvtColor(np.ascontiguousarray(middle if middle.size else picture), cv2.COLOR_BGR2YCrCb)
    counts = cv2.calcHist([colours], [0, 1], None, [BINS, BINS], [0, 256, 0, 256]).ravel()
    return np.asarray(counts / max(float(counts.sum()), 1.0), np.float32)


def likeness(known: Boxes, known_looks: list[Look], found: Boxes, found_looks: list[Look]) -> NDArray[np.float64]:
    """Return, 0 to 1, how well each known object (rows) fits each detection (columns)."""
    near, _ = overlaps(_enlarged(known), _enlarged(found))
    if not near.size:
        return near
    alike = np.array([[np.minimum(a, b).sum() for b in found_looks] for a in known_looks])
    together: NDArray[np.float64] = near * (1 - LOOKS + LOOKS * alike)
    return together


def pairs(likeness: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return pairs of row and column, each at most once, the likeliest first; greedy, as ties are rare."""
    matched: list[tuple[int, int]] = []
    free = np.where(likeness >= LEAST, likeness, 0.0)
    while free.size and free.max() > 0:
        row, column = (int(i) for i in np.unravel_index(free.argmax(), free.shape))
        matched.append((row, column))
        free[row], free[:, column] = 0, 0
    return matched


def _enlarged(boxes: Boxes) -> Boxes:
    margin = REACH * (boxes[:, 2:] - boxes[:, :2])
    return np.hstack([boxes[:, :2] - margin, boxes[:, 2:] + margin])
