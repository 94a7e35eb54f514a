"""What the scene looks like where nothing moves: a picture, how far it varies, and what may become part of it.

A plate of running means with a spread for every pixel (as W4, Haritaoglu et al. 2000), and beside it one candidate a
pixel: what has been seen instead of it, and for how long without a change. What is taken for an object never teaches
the plate, so that nothing that stops melts into it; a candidate takes its place when it has lasted, or is known to be
bare ground (`blobs.ghosts`). Where a pixel is restless, as leaves and water are, it is compared with all of its
neighbourhood (Barnich and Van Droogenbroeck, ViBe, 2011, and St-Charles et al., SuBSENSE, 2015, for the thought).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.detect.moving import exposure
from stages.segment.detect.moving.loops import differ, teach

Colours = NDArray[np.uint8]  # (H, W, 3)
Grey = NDArray[np.uint8]  # (H, W)
Values = NDArray[np.float32]  # (H, W)
Where = NDArray[np.bool_]  # (H, W)

SWAY = np.ones((5, 5), np.uint8)  # pixels around, among which a restless one may find its like
NEAR = np.ones((3, 3), np.uint8)
FLOOR = 4.0  # levels by which a pixel may always differ ...
DEVIATIONS = 3.0  # ... and how often its spread beside that
UNEQUAL = 0.1  # of a pixel's distance from the usual brightness: what an exposure may be wrong by there
NO_DOUBT = 0.05


class Plate:
    """The scene at the size at which it is looked at: (H, W) pixels of 41 bytes."""

    def __init__(self, picture: Colours) -> None:
        """Begin with a picture, all of which is taken for the scene."""
        shape = picture.shape[:2]
        self.picture = picture.copy()
        self.age = np.ones(shape, np.uint16)  # frames that taught a pixel; 0: it was never seen
        self.stable = np.zeros(shape, np.uint16)  # frames for which the candidate did not change
        self._mean = picture.astype(np.float32)  # the picture, unrounded and not clipped
        self._candidate = self._mean.copy()
        self._spread = np.zeros(shape, np.float32)  # mean difference, levels
        self._restless = np.zeros(shape, np.float32)  # share of frames in which a pixel changes its mind
        self._weak = np.zeros(shape, np.bool_)  # it differed in the frame before

    @property
    def grey(self) -> Grey:
        """The scene's brightness."""
        return np.asarray(cv2.cvtColor(self.picture, cv2.COLOR_BGR2GRAY), np.uint8)

    def differences(self, picture: Colours, tremble: float) -> Values:
        """Return by how many levels a picture that lies on the plate differs, 0 where the plate was never seen.

        It may lie beside the plate by `tremble` pixels, which is forgiven.
        """
        low, high = cv2.erode(self.picture, SWAY), cv2.dilate(self.picture, SWAY)
        slack = np.zeros_like(self._spread)
        if tremble:
            detail = cv2.morphologyEx(self.grey, cv2.MORPH_GRADIENT, NEAR)
            slack = detail.astype(np.float32) * np.float32(tremble / 2)  # the gradient spans two pixels
        return differ(
            picture,
            self.picture,
            np.asarray(low, np.uint8),
            np.asarray(high, np.uint8),
            slack,
            self._restless,
            self.age,
        )

    def level(self, noise: float, doubt: float) -> Values:
        """Return from which difference a pixel differs weakly, given the noise of the whole picture.

        `doubt`, 0 to 1, is how little the exposure is known, which tells where a pixel is not as bright as most are.
        """
        level = np.asarray(FLOOR + DEVIATIONS * np.maximum(self._spread, np.float32(noise)), np.float32)
        if doubt > NO_DOUBT:
            grey = self.grey
            level += np.float32(UNEQUAL * doubt) * cv2.absdiff(grey, np.full_like(grey, np.median(grey[::4, ::4])))
        return level

    def learn(self, picture: Colours, off: Values, level: Values, taken: Where, seen: Where) -> None:
        """Learn from a picture on the plate: `taken` is not the scene, `seen` is inside the picture."""
        state = self._mean, self.picture, self._spread, self.age, self._restless, self._weak
        teach(picture, off, level, taken, seen, *state, self._candidate, self.stable)

    def accept(self, where: Where) -> None:
        """Let candidates become the scene."""
        self._mean[where] = self._candidate[where]
        self.picture[where] = _bytes(self._mean[where])
        self.age[where], self.stable[where] = 1, 0
        self._weak[where] = False

    def expose(self, tone: exposure.Tone) -> None:
        """Follow a change of the camera's exposure."""
        self._mean, self._candidate = (exposure.apply(tone, image) for image in (self._mean, self._candidate))
        self.picture = _bytes(self._mean)

    def move(self, dx: int, dy: int) -> None:
        """Let the camera move on by whole pixels; what comes into view was never seen."""
        for name in ("picture", "age", "stable", "_mean", "_candidate", "_spread", "_restless", "_weak"):
            setattr(self, name, _moved(getattr(self, name), dx, dy))


def _bytes(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _moved(values: NDArray[np.generic], dx: int, dy: int) -> NDArray[np.generic]:
    """Return an array with the value at x + dx, y + dy now at x, y, and 0 where there was none."""
    height, width = values.shape[:2]
    moved = np.zeros_like(values)
    rows, columns = max(height - abs(dy), 0), max(width - abs(dx), 0)
    to_y, to_x, from_y, from_x = max(-dy, 0), max(-dx, 0), max(dy, 0), max(dx, 0)
    moved[to_y : to_y + rows, to_x : to_x + columns] = values[from_y : from_y + rows, from_x : from_x + columns]
    return moved
