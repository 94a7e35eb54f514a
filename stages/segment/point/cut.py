"""Leanings of pixels in, smooth outlines out: total variation, for two labels a graph cut that no grid biases.

Minimises the length of the outline, weighed low where the picture has an edge, plus the leanings that it goes against
(Unger et al., TVSeg, BMVC 2008), by the primal-dual steps of Chambolle and Pock (JMIV 2011).
"""

import numpy as np

from stages.compiled import Number, compiled
from stages.segment.point.area import Map

STEPS = 60  # enough at the size of an area
PACE = np.float32(0.35)  # 1 / sqrt(8): the largest at which the steps converge
STRENGTH = 0.3  # of a leaning (a log ratio) against a pixel's length of outline
EDGE = 0.5  # how fast an outline becomes cheaper with contrast, relative to the mean contrast
CHEAPEST = 0.05


def smooth(leaning: Map, lengths: tuple[Map, Map]) -> Map:
    """Return where the object is, 0 to 1, from how much each pixel leans to it (positive) or away (negative)."""
    start = (1 / (1 + np.exp(-np.clip(leaning, -9, 9)))).astype(np.float32)
    return _descend(np.ascontiguousarray(leaning * np.float32(-STRENGTH)), *lengths, start, STEPS)


def outline_lengths(lab: Map) -> tuple[Map, Map]:
    """Return what an outline costs between each pixel of (h, w, 3) and its right, and its lower, neighbour."""
    right, below = ((np.diff(lab, axis=axis) ** 2).sum(axis=2) for axis in (1, 0))
    mean = (float(right.mean() if right.size else 0) + float(below.mean() if below.size else 0)) / 2 + 1e-3
    costs = np.zeros(lab.shape[:2], np.float32), np.zeros(lab.shape[:2], np.float32)
    costs[0][:, :-1] = np.exp(-EDGE / mean * right) + CHEAPEST
    costs[1][:-1] = np.exp(-EDGE / mean * below) + CHEAPEST
    return costs


@compiled
def _descend(cost: Map, right: Map, below: Map, share: Map, steps: Number) -> Map:
    height, width = cost.shape
    across, down, ahead = np.zeros_like(cost), np.zeros_like(cost), share.copy()
    for _ in range(steps):
        for y in range(height):
            for x in range(width):
                if x + 1 < width:
                    pull = across[y, x] + PACE * (ahead[y, x + 1] - ahead[y, x])
                    across[y, x] = min(max(pull, -right[y, x]), right[y, x])
                if y + 1 < height:
                    pull = down[y, x] + PACE * (ahead[y + 1, x] - ahead[y, x])
                    down[y, x] = min(max(pull, -below[y, x]), below[y, x])
        for y in range(height):
            for x in range(width):
                gain = across[y, x] + down[y, x] - cost[y, x]
                if x > 0:
                    gain -= across[y, x - 1]
                if y > 0:
                    gain -= down[y - 1, x]
                before = share[y, x]
                share[y, x] = min(max(before + PACE * gain, np.float32(0)), np.float32(1))
                ahead[y, x] = 2 * share[y, x] - before
    return share
