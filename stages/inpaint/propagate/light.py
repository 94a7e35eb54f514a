"""Two views in, by how many levels the second is lighter out: automatic exposure, the sun behind a cloud, a fade."""

import cv2
import numpy as np

from stages.inpaint.propagate.camera import Camera
from stages.inpaint.propagate.images import Floats
from stages.inpaint.propagate.view import View

EVERY = 6  # small pixels, each way, of which one is looked at
ENOUGH = 50  # of them must be shown by both
ALIKE = 3.0  # levels: a change that is further off the median is another thing's
AGREE = 0.3  # of them, at least, must change alike: else it is another picture


def lighter_by(before: View, after: View, camera: Camera) -> Floats:
    """Return by how many levels, (C,), what both show is lighter in the second; `camera` is how the picture moved."""
    height, width = before.hole.shape
    rows, columns = (places.ravel() for places in np.mgrid[0:height:EVERY, 0:width:EVERY])
    there = cv2.perspectiveTransform(np.stack([columns, rows], axis=-1)[None].astype(np.float64), camera)[0]
    x, y = np.rint(there).T
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    rows, columns, x, y = rows[inside], columns[inside], x[inside].astype(np.intp), y[inside].astype(np.intp)
    both = ~before.closed[rows, columns] & ~after.closed[y, x]
    if np.count_nonzero(both) < ENOUGH:
        return np.zeros(before.colours.shape[2], np.float32)
    seen = after.colours[y[both], x[both]].astype(np.float32)
    change = seen - before.colours[rows[both], columns[both]].astype(np.float32)
    alike = np.abs(change - np.median(change, axis=0)) <= ALIKE
    agreed = np.count_nonzero(alike, axis=0)
    lighter = (change * alike).sum(axis=0) / np.maximum(agreed, 1)
    return np.where(agreed >= AGREE * len(change), lighter, 0).astype(np.float32)
