"""The motion of a scope and where the object is in it in, what moves as the object does rather than as the camera out.

The surroundings' motion is fitted by an affine map (RANSAC, Fischler and Bolles 1981). What differs from it is counted
over the object and over its surroundings: where both move alike, motion says little. What leaked into the object moves
as the surroundings do: so much of their motion is not counted as the object's own, or the leak would speak for itself.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.track.propagate.flow import Floats, Motion, grid
from stages.segment.track.propagate.shape import Known

STEP = 5  # pixels between those that the fit looks at
ENOUGH = 12  # pixels that make a fit
CLEAR = 2.0  # pixels from the contour: those nearer are not counted
HOME = 1.5  # pixels that a motion may miss its start by and count
CELLS = 15  # of residual motion, across and down
CELL = 0.5  # pixels a cell, at least
SPREAD = 4.0  # cells that the object's typical residual takes
LEAK = 0.3  # share of what is taken for the object that may be surroundings
FLOOR = 3e-3  # what every cell holds besides


def apart(motion: Motion, depth: Floats) -> Floats:
    """Return the (h, w) log-odds that a pixel moves as the object whose depth is given, 0 where nothing can be told."""
    nothing = np.zeros(depth.shape, np.float32)
    home = motion.missed < HOME
    ground, thing = home & (depth < -CLEAR), home & (depth > CLEAR)
    residual = _without_camera(motion.back, ground)
    if residual is None or np.count_nonzero(thing) < ENOUGH:
        return nothing
    typical = float(np.median(np.abs(residual[thing]).max(axis=1)))
    cell = max(CELL, typical / SPREAD)
    place = np.clip(np.rint(residual / cell) + CELLS // 2, 0, CELLS - 1).astype(np.intp)
    index = place[..., 1] * CELLS + place[..., 0]
    around = _share(index[ground])
    own = np.maximum(_share(index[thing]) - LEAK * around, 0)
    odds = np.log(own + FLOOR) - np.log(around + FLOOR)
    return np.where(home, odds[index], nothing).astype(np.float32)


def _without_camera(back: Floats, ground: Known) -> Floats | None:
    x, y = grid(*ground.shape)
    sample = np.zeros_like(ground)
    sample[::STEP, ::STEP] = ground[::STEP, ::STEP]
    start = np.stack([x[sample], y[sample]], axis=1)
    arrival = start + back[sample]  # and not the motion alone, which of a still camera is a single point
    if len(start) < ENOUGH:
        return None
    cv2.setRNGSeed(1)
    fit, _ = cv2.estimateAffine2D(start, arrival, ransacReprojThreshold=0.7, maxIters=200)
    if fit is None:
        return None
    across, down = fit.astype(np.float32)
    there = [row[0] * x + row[1] * y + row[2] for row in (across, down)]
    return np.asarray(back - np.stack([there[0] - x, there[1] - y], axis=2), np.float32)


def _share(index: NDArray[np.intp]) -> Floats:
    counts = np.bincount(index, minlength=CELLS * CELLS).reshape(CELLS, CELLS).astype(np.float32)
    blurred = cv2.GaussianBlur(counts / counts.sum(), (5, 5), 1.0, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(blurred.ravel(), np.float32)
