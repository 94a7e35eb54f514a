"""Consecutive pictures in, how much they change where nothing moved but the camera and the scene out: warping error.

W.-S. Lai et al., Learning blind video temporal consistency, ECCV 2018, section 4.2: the later picture is warped to the
earlier along the optical flow, and the mean squared difference is taken over the pixels that are not occluded. Theirs
is the check for occlusion, too, which is that of N. Sundaram et al., Dense point trajectories by GPU-accelerated large
displacement optical flow, ECCV 2010. The flow is not theirs (FlowNet2) but DIS (T. Kroeger et al., ECCV 2016), so the
values compare with each other, and not with those of the papers.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deploy.quality.pictures import Known, Picture

Flow = NDArray[np.float32]  # (h, w, 2): how many pixels to the right and down each pixel moves

SMALLEST = 16  # pixels: DIS works on patches of 8, and on halves of the picture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Motion:
    """How the earlier of two pictures moves to become the later."""

    there: Flow  # (h, w, 2), where in the later picture each pixel of the earlier is: x, y
    seen: Known  # (h, w), pixels that are in the later picture, too, neither hidden nor outside


class Motions:
    """Turns pictures in their order into the motion between each and the one before; holds one picture."""

    def __init__(self) -> None:
        self._last: NDArray[np.uint8] | None = None
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def step(self, picture: Picture) -> Motion | None:
        """Return the motion from the last picture to this; None for the first, and for pictures too small for it."""
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        last, self._last = self._last, grey
        if last is None or min(grey.shape) < SMALLEST:
            return None
        return motion_of(self._flow(last, grey), self._flow(grey, last))

    def _flow(self, earlier: NDArray[np.uint8], later: NDArray[np.uint8]) -> Flow:
        return np.asarray(self._dis.calc(earlier, later, np.zeros((*earlier.shape, 2), np.float32)), np.float32)


def motion_of(forward: Flow, backward: Flow) -> Motion:
    """Return the motion that a flow states, seen where the flow back agrees with it."""
    height, width = forward.shape[:2]
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    there = np.dstack([xs, ys]) + forward
    back = _sample(backward, there)
    away = _squares(forward + back)
    inside = (there >= 0).all(axis=2) & (there[..., 0] <= width - 1) & (there[..., 1] <= height - 1)
    seen = inside & (away <= 0.01 * (_squares(forward) + _squares(back)) + 0.5)  # constants of Sundaram et al.
    return Motion(there=there, seen=seen)


def _squares(flow: Flow) -> NDArray[np.float32]:
    return np.asarray(np.square(flow).sum(axis=2), np.float32)


def _sample(values: NDArray[np.float32], there: Flow) -> NDArray[np.float32]:
    x, y = (np.ascontiguousarray(there[..., axis]) for axis in (0, 1))
    return np.asarray(cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def warping_errors(earlier: Picture, later: Picture, motion: Motion) -> NDArray[np.float32]:
    """Return the squared difference of every pixel, mean over the channels, (h, w), of values from 0 to 1."""
    difference = (_sample(later.astype(np.float32), motion.there) - earlier) / np.float32(255)
    return np.asarray(np.square(difference).mean(axis=2), np.float32)


def arrives_in(area: Known, motion: Motion) -> Known:
    """Return the (h, w) pixels of the earlier picture that lie in an area of the later, or touch it."""
    reached: Known = _sample(area.astype(np.float32), motion.there) > 0
    return reached
