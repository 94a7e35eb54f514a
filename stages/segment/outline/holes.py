"""Small holes in an object are closed, large ones are seen through."""

import cv2
import numpy as np

from stages.segment.spot import Grey

SMALL = 60  # a hole is small when its area is below (the picture's height / 60)^2: 8x8 pixels at 480


def close_holes(inside: Grey, height: int) -> Grey:
    """Return 0 and 255, (h, w), with the small holes filled; `height` is that of the whole picture."""
    borders, family = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not len(borders):
        return inside
    limit = max((height / SMALL) ** 2, 4)
    # A hole's border runs through the object's own pixels around it, and says twice its area at one pixel.
    small = [b for b, (_, _, _, parent) in zip(borders, family[0], strict=True) if parent >= 0 and _area(b) < limit]
    return np.asarray(cv2.drawContours(inside.copy(), small, -1, 255, cv2.FILLED), np.uint8) if small else inside


def _area(border: cv2.typing.MatLike) -> float:
    """Return how many pixels lie within a border, without it (Pick's theorem)."""
    return cv2.contourArea(border) - len(border) / 2 + 1
