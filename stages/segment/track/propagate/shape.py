"""Which pixels are the object in, how deep inside it they lie and which of them are one body out."""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.track.propagate.flow import Floats

Known = NDArray[np.bool_]  # (h, w)

FAR = 1e3  # pixels: the depth where there is no outline
CRUMB = 0.01  # of the largest part: smaller parts are dropped
OLD = 0.5  # share of a part that was the object before, for it to stay beside the largest


def depth_of(inside: Known) -> Floats:
    """Return how many pixels each lies inside the outline, less than 0 outside; the outline runs between pixels."""
    if inside.all() or not inside.any():
        return np.full(inside.shape, FAR if inside.any() else -FAR, np.float32)
    within = cv2.distanceTransform(inside.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    without = cv2.distanceTransform((~inside).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.where(inside, within - 0.5, 0.5 - without).astype(np.float32)


def body(inside: Known, before: Known) -> Known:
    """Return the largest part, and of the others those that are no crumbs and were the object before."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside.view(np.uint8), connectivity=8)
    if count <= 2:
        return inside
    areas = stats[:, cv2.CC_STAT_AREA]
    old = np.bincount(labels[before], minlength=count)
    largest = 1 + int(areas[1:].argmax())
    kept = (old >= OLD * areas) & (areas >= CRUMB * areas[largest])
    kept[largest], kept[0] = True, False
    return np.asarray(kept[labels])
