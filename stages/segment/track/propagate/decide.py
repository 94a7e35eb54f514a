"""What speaks for the object at every pixel in, what is the object out: a graph cut in a band around the contour.

The energy is that of Boykov and Jolly (Interactive Graph Cuts, ICCV 2001): log-odds of each pixel, and a tie between
neighbours that is weak where they differ.
"""

import cv2
import numpy as np

from stages.compiled import Number, compiled
from stages.segment.track.propagate.flow import Floats
from stages.segment.track.propagate.maxflow import min_cut
from stages.segment.track.propagate.scope import Lab
from stages.segment.track.propagate.shape import Known

REACH = 0.12  # of the square root of the object's area: how far from the contour that was carried along ...
LEAST_REACH = 4.0  # working pixels, at least, it may turn out to be
TIE = 0.5  # log-odds: what it costs to part two pixels that look alike
TIE_LEAST = 0.1  # share of it between two that do not
FIXED = 100.0  # log-odds: more than any ties


def band(depth: Floats) -> Known:
    """Return the pixels, (h, w), about which there is something to decide."""
    size = float(np.count_nonzero(depth > 0)) ** 0.5
    return np.asarray(np.abs(depth) <= max(LEAST_REACH, REACH * size))


def decide(lab: Lab, depth: Floats, odds: Floats, open_: Known) -> Known:
    """Return the object, (h, w): by `odds`, (h, w) log-odds, where it is open and by `depth` where it is not."""
    lean = np.where(open_, odds, np.where(depth > 0, np.float32(FIXED), np.float32(-FIXED))).astype(np.float32)
    x, y, width, height = cv2.boundingRect(open_.view(np.uint8))
    inside = depth > 0
    if width:
        part = slice(y, y + height), slice(x, x + width)
        inside[part] = min_cut(lean[part], _ties(np.ascontiguousarray(lab[part]), np.ascontiguousarray(open_[part])))
    return inside


def _ties(lab: Lab, open_: Known) -> Floats:
    ties = np.zeros((4, *open_.shape), np.float32)
    _tie(lab, open_, np.float32(TIE), np.float32(TIE_LEAST), ties)
    return ties


@compiled
def _tie(lab: Lab, open_: Known, tie: Number, least: Number, ties: Floats) -> None:
    """Write what it costs to part neighbours of which one is open: right, below, right below, left below."""
    height, width = open_.shape
    across, down = (1, 0, 1, -1), (0, 1, 1, 1)
    total, count = np.float64(0), 1
    for k in range(4):
        for row in range(height - down[k]):
            for column in range(max(-across[k], 0), width - max(across[k], 0)):
                y, x = row + down[k], column + across[k]
                if open_[row, column] or open_[y, x]:
                    apart = np.float32(0)
                    for c in range(3):
                        step = np.float32(lab[row, column, c]) - np.float32(lab[y, x, c])
                        apart += step * step
                    ties[k, row, column] = apart
                    total += np.float64(apart)
                    count += 1
    usual = np.float32(max(2 * total / count, 2.0))
    for k in range(4):
        length = np.float32(np.sqrt(across[k] * across[k] + down[k] * down[k]))
        for row in range(height - down[k]):
            for column in range(max(-across[k], 0), width - max(across[k], 0)):
                if open_[row, column] or open_[row + down[k], column + across[k]]:
                    ties[k, row, column] = tie * (least + np.exp(-ties[k, row, column] / usual)) / length
