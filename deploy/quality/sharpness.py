"""A picture and an area in, how much detail is in it out: blur has too little, noise and seams too much."""

import cv2
import numpy as np
from numpy.typing import NDArray

from deploy.quality.pictures import Known, Picture


def gradients(picture: Picture) -> NDArray[np.float32]:
    """Return the magnitude of the gradient of the brightness of every pixel, (h, w), in grey levels a pixel.

    Differences to the next pixel, not a wider kernel: that would not see the finest detail, which blur takes first.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = np.zeros_like(grey), np.zeros_like(grey)
    np.subtract(grey[:, 1:], grey[:, :-1], out=across[:, :-1])
    np.subtract(grey[1:], grey[:-1], out=down[:-1])
    magnitude: NDArray[np.float32] = np.hypot(across, down)
    return magnitude


def mean_within(values: NDArray[np.float32], area: Known) -> float | None:
    """Return the mean of a (h, w) field over an area; None of an empty one."""
    found = values[area]
    return float(found.mean(dtype=np.float64)) if found.size else None
