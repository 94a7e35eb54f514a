"""A hole in, the areas in which it is measured out: the hole without its rim, and the ring around it."""

from dataclasses import dataclass

import cv2
import numpy as np

from deploy.quality.pictures import Known

RING = 10  # pixels around the hole


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Areas:
    """What of a picture is measured."""

    hole: Known  # (h, w)
    core: Known  # the hole without its outermost pixels: what lies here has filled neighbours only
    ring: Known  # up to RING pixels around the hole, without those that touch it: untouched neighbours only


def areas(hole: Known) -> Areas:
    """Return the areas of a (h, w) hole; each may be empty."""
    mask, square = hole.astype(np.uint8), np.ones((3, 3), np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * RING + 1, 2 * RING + 1))
    return Areas(
        hole=hole,
        core=cv2.erode(mask, square) > 0,
        ring=(cv2.dilate(mask, disc) > 0) & (cv2.dilate(mask, square) == 0),
    )
