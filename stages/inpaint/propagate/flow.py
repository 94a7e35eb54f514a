"""Two views in, the dense motion from one to the other around the hole and behind it out.

What differs from the camera's motion is found by dense inverse search (Kroeger et al., Fast Optical Flow using Dense
Inverse Search, ECCV 2016), matched anew on the rim of the hole, and extended into it: smoothly, and as it was before.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from stages.compiled import compiled
from stages.inpaint.propagate.camera import grid
from stages.inpaint.propagate.harmonic import extend
from stages.inpaint.propagate.images import Floats, Grey, Known, averaged, over, part, widened
from stages.inpaint.propagate.rim import rematch
from stages.inpaint.propagate.view import View
from transport.messages import Box

SMALLEST = 32  # small pixels a side, below which dense flow is not tried
ZONE = 12  # small pixels around a hole in which flow is matched anew
BETTER = 0.5  # grey levels by which the dense flow must explain more than a camera that stands still
STRAY = 24  # grey levels: where the flow is off by more it is not believed
UNSEEN = 255  # grey levels: the error of what only a hole is there to compare with
FASTER = 1.5  # how much the motion may change from step to step


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flow:
    """Where pixels of one frame are in another, for a region."""

    vectors: Floats  # (h, w, 2) small pixels
    residual: Floats  # (h, w, 2) the part of it that the camera does not explain
    box: Box  # the region


def flow_between(one: View, other: View, plane: Floats, region: Box, prior: Floats | None, *, still: bool) -> Flow:
    """Return the flow for a region, beginning from the camera's.

    `plane` is the camera's flow there, and `still` says that it is none; `prior` is what the residual was before.
    """
    if min(region.width, region.height) < SMALLEST:
        return Flow(vectors=plane, residual=np.zeros_like(plane), box=region)
    hole = widened(one.hole[part(region)], 1)
    residual, known = _matched(one, other, plane, region, hole) - plane, ~hole
    if still:
        residual, good = _trusted(one, other, residual, region)
        known &= good
    residual = np.where(hole[..., None], _completed(residual, known, prior), residual)
    return Flow(vectors=plane + residual, residual=residual, box=region)


def turned(ahead: Floats, start: Floats) -> Floats:
    """Return the flow that leads back where another one, of the same region, leads ahead."""
    x, y = grid(Box(x=0, y=0, width=ahead.shape[1], height=ahead.shape[0]))
    back = start
    for _ in range(3):
        there = x + back[..., 0], y + back[..., 1]
        ways = cv2.remap(ahead, *there, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        back = -np.asarray(ways, np.float32)
    return back


def carried(residual: Floats, box: Box, back: Flow, region: Box) -> Floats:
    """Return a residual of the step before, of the region `box`, where the pixels of a region were then."""
    x, y = grid(region)
    x0, y0 = x - np.float32(back.box.x), y - np.float32(back.box.y)
    way = cv2.remap(back.vectors, x0, y0, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    x, y = x + way[..., 0] - np.float32(box.x), y + way[..., 1] - np.float32(box.y)
    return np.asarray(cv2.remap(residual, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT), np.float32)


def _matched(one: View, other: View, plane: Floats, region: Box, hole: Known) -> Floats:
    here, there = (np.ascontiguousarray(view.grey[part(region)]) for view in (one, other))
    dense = _dense(here, there, plane)
    gone = widened(other.hole[part(region)], 1)
    return rematch(here, there, hole, gone, widened(hole, ZONE) & ~hole, dense, plane)


def _dense(here: Grey, there: Grey, start: Floats) -> Floats:
    """Return the DIS flow from one crop to the other; the same on any number of threads."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    search.setVariationalRefinementIterations(5)
    return np.asarray(search.calc(here, there, start.copy()), np.float32)


def _completed(residual: Floats, known: Known, prior: Floats | None) -> Floats:
    """Extend the residual into the hole, on the assumption that it goes on as before, but for a linear change."""
    if prior is None or not known.any():
        return extend(residual, known, 2)
    sums = np.zeros((2, 2, 2), np.float32)
    _products(prior, residual, known, sums)
    pull = np.eye(2, dtype=np.float32) * np.float32(0.01 * np.count_nonzero(known))
    change = np.clip(np.linalg.solve(sums[0] + pull, sums[1]), -FASTER, FASTER)
    expected = prior @ change
    return np.asarray(expected + extend(residual - expected, known, 2), np.float32)


@compiled
def _products(was: Floats, now: Floats, known: Known, sums: Floats) -> None:
    """Add up the products of what was with itself, and of what was with what is."""
    for row in range(known.shape[0]):
        for column in range(known.shape[1]):
            if known[row, column]:
                for i in range(2):
                    for j in range(2):
                        sums[0, i, j] += was[row, column, i] * was[row, column, j]
                        sums[1, i, j] += was[row, column, i] * now[row, column, j]


def _trusted(one: View, other: View, residual: Floats, region: Box) -> tuple[Floats, Known]:
    """Return the dense flow, nought where standing still explains as much; and where it is good."""
    off_still = _error(one, other, np.zeros_like(residual), region)
    off_dense = _error(one, other, residual, region)
    better = (off_dense < off_still - BETTER) & (off_still < UNSEEN)
    return np.where(better[..., None], residual, np.float32(0)), np.where(better, off_dense, off_still) < STRAY


def _error(one: View, other: View, flow: Floats, region: Box) -> Floats:
    """Return the mean difference around every pixel after the flow, off the holes; a lot where there is only hole."""
    x, y = grid(region)
    there = (x + flow[..., 0], y + flow[..., 1])
    moved = cv2.remap(other.grey, *there, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    hole = widened(other.hole, 1).astype(np.uint8)
    covered = cv2.remap(hole, *there, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    clear = (~widened(one.hole, 1)[part(region)] & (covered == 0)).astype(np.float32)
    off = averaged(cv2.absdiff(one.grey[part(region)], moved) * clear, 7)
    weight = averaged(clear, 7)
    return np.where(weight > 0, over(off[..., None], weight)[..., 0], np.float32(UNSEEN))
