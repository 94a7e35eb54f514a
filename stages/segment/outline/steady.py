"""A border that does not flicker: the signed distance to it is filtered in time, in the frame of the moving object."""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.outline.motion import Vectors, Way
from stages.segment.spot import Grey
from transport.messages import Box

Distance = NDArray[np.float32]  # (h, w), pixels to the border, positive inside

RELEASE = 0.25  # pixels a frame by which the border may fall back: it comes at once and goes slowly
FARTHEST = 3.0  # pixels beyond the outline of now that it may stand; more is another shape


class Steady:
    """Follows one object's border; holds its distances over the object's box."""

    def __init__(self) -> None:
        self._last: tuple[Box, Distance] | None = None

    def step(self, inside: Grey, way: Way | None, box: Box) -> Grey:
        """Return 0 and 255, (h, w), as `inside` is, over a box: all of the object, and where it was a moment ago."""
        distance = _distance(inside)
        if self._last and way:
            carried = _carried(*self._last, way.over(way.back, box), box) - np.float32(RELEASE)
            distance = np.maximum(distance, np.minimum(carried, distance + np.float32(FARTHEST)))
        self._last = (box, distance)
        return (distance > 0).view(np.uint8) * np.uint8(255)

    def forget(self) -> None:
        """Know that the next frame begins a new shot."""
        self._last = None


def _distance(inside: Grey) -> Distance:
    """Return the distance to the border between pixels, exact near it."""
    outwards = cv2.distanceTransform(255 - inside, cv2.DIST_L2, cv2.DIST_MASK_5)
    inwards = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5)
    distance: Distance = inwards - outwards
    distance += np.float32(0.5) - inside * np.float32(1 / 255)
    return distance


def _carried(old: Box, distance: Distance, back: Vectors, box: Box) -> Distance:
    x = back[..., 0] + np.arange(box.x - old.x, box.x - old.x + box.width, dtype=np.float32)
    y = back[..., 1] + np.arange(box.y - old.y, box.y - old.y + box.height, dtype=np.float32)[:, None]
    border, far = cv2.BORDER_CONSTANT, -100.0  # beyond the old box nothing was inside
    return np.asarray(cv2.remap(distance, x, y, cv2.INTER_LINEAR, borderMode=border, borderValue=far), np.float32)
