"""Masks held: a pixel stays masked for some frames after the prompt left it."""

import numpy as np

from stages.segment.spot import Spot, enclose, slices, tight
from transport.messages import Box, PictureFormat

MAX_HOLD = 254  # frames: what a byte counts


class Holder:
    """Keeps a pixel in the mask for some frames after the prompt left it; holds a byte for every pixel."""

    def __init__(self, picture: PictureFormat, frames: int) -> None:
        self._frames = frames
        self._left = np.zeros((picture.height, picture.width) if frames else (0, 0), np.uint8)  # frames still to go
        self._box: Box | None = None  # encloses all that is not 0

    def step(self, spot: Spot | None) -> Spot | None:
        """Take the next frame's object, as `sure` returns it, and return it with what is held of earlier ones."""
        if not self._frames:
            return spot
        boxes = [box for box in (self._box, spot and spot.box) if box]
        if not boxes:
            return None
        box = enclose(boxes)
        left = self._left[slices(box)]
        left -= left > 0
        if spot:
            self._left[slices(spot.box)][spot.values > 0] = self._frames + 1
        held = tight(left > 0, box)
        self._box = held.box if held else None
        return held

    def forget(self) -> None:
        """Begin anew: at a cut, what was held of the old shot says nothing of the new one."""
        self._left[:] = 0
        self._box = None
