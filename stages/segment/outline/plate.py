"""A background plate of what surrounds an object: a running picture, carried along by the camera's motion.

What lies near the object does not teach it: a shadow that goes with the object would become background.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.outline.camera import Camera
from stages.segment.outline.reduced import Picture, mean, most

Flags = NDArray[np.bool_]  # (h, w)
Logs = NDArray[np.float32]  # (h, w), differences of logarithms of brightness

MEMORY = 0.15  # how fast a pixel follows what is seen
ODD = 30.0  # grey levels: what differs by more is likely something passing ...
SLOWER = 0.3  # ... and teaches so much less
LIGHT = 1.0  # by which the light of the whole picture may change from frame to frame (log): exposure jumps
DARK = 4.0  # grey levels that are added to both sides of a ratio, so that black does not decide
EVERY = 3  # pixels, each way, of which one is looked at for the light
UNREST = 0.2  # log: that of a pixel when it is first seen
FADING = 0.1  # how fast it is forgotten how bright a pixel was


class Plate:
    """Follows the background; holds a reduced picture, how restless its pixels are, and which were seen at all."""

    def __init__(self, height: int, width: int) -> None:
        self.colours: Picture = np.zeros((height, width, 3), np.float32)
        self.unrest: Logs = np.full((height, width), UNREST, np.float32)  # mean change from frame to frame
        self.known: Flags = np.zeros((height, width), np.bool_)  # was seen when no shadow could be there
        self.lit: Picture = np.zeros((height, width, 3), np.float32)  # as bright as it was ever seen, 0 if never

    def carry(self, camera: Camera) -> None:
        """Go along with the camera."""
        if np.array_equal(camera, np.eye(3)):
            return
        size = self.known.shape[::-1]
        moved = cv2.warpPerspective(self.colours, camera, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        self.colours = np.clip(np.asarray(moved, np.float32), 0, 255)
        unrest = cv2.warpPerspective(self.unrest, camera, size, borderMode=cv2.BORDER_CONSTANT, borderValue=UNREST)
        self.unrest = np.asarray(unrest, np.float32)
        self.lit = np.asarray(cv2.warpPerspective(self.lit, camera, size), np.float32)
        known = self.known.astype(np.uint8) * np.uint8(255)
        self.known = np.asarray(cv2.warpPerspective(known, camera, size, flags=cv2.INTER_LINEAR) == 255)

    def relight(self, seen: Picture, free: Flags) -> None:
        """Take up a change of the whole picture's light (automatic exposure), as seen where the plate is free."""
        compared = (free & self.known)[::EVERY, ::EVERY]
        if np.count_nonzero(compared) <= compared.size // 20:
            return
        every = slice(None, None, EVERY)
        steps = np.median(log_ratio(seen[every, every][compared], self.colours[every, every][compared]), axis=0)
        factors = np.exp(np.clip(steps, -LIGHT, LIGHT)).astype(np.float32)
        self.colours = np.clip((self.colours + np.float32(DARK)) * factors - np.float32(DARK), 0, 255)
        self.lit *= factors

    def learn(self, seen: Picture, free: Flags, hidden: Flags) -> None:
        """Take in a frame's pixels where they are neither the object's nor near it, and those of it that are bright."""
        rate = np.where(mean(seen) > mean(self.lit), np.float32(1), np.float32(FADING))
        rate[hidden] = 0
        self.lit += (seen - self.lit) * rate[..., None]
        off = seen - self.colours
        size = most(off)
        rate = np.where(size > ODD, np.float32(MEMORY * SLOWER), np.float32(MEMORY))
        unrest = np.minimum(size / (mean(self.colours) + np.float32(DARK)), 1)
        self.unrest += np.where(free & self.known, rate, 0) * (unrest - self.unrest)
        rate[~self.known] = 1
        rate[~free] = 0
        self.colours += off * rate[..., None]
        self.known |= free


def log_ratio(seen: cv2.typing.MatLike, plate: cv2.typing.MatLike) -> Picture:
    """Return the logarithm of how much brighter every component is than the plate's."""
    lighter = np.asarray(seen, np.float32) + np.float32(DARK)
    lighter /= np.asarray(plate, np.float32) + np.float32(DARK)
    return np.asarray(cv2.log(lighter), np.float32)
