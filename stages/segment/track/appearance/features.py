"""An (h, w, 3) patch and an object's rough place in it in, what is worth knowing of every pixel out, (h * w, FEATURES).

Of each pixel: its colour, the colour around it, how busy its surroundings are and which way they run, and where it lies
as seen from the middle of the object, in units of the object's size. Every feature changes by about 1 between things
that are to be told apart.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.spot import SURE, Grey
from stages.segment.view import Colours

Features = NDArray[np.float32]  # (n, FEATURES)
Floats = NDArray[np.float32]

FEATURES = 11
FINE = 1.0  # pixels: blur of the pixel's own colour, against noise and compression
COARSE = 2.0  # pixels of half size: blur of the colour around it
FAINT = 40.0  # of Scharr's gradient: about the noise of a camera
GRAIN = 1.5  # pixels of half size: of the surroundings whose texture counts
LIGHT, TINT = 1 / 46, 1 / 9  # per level of L, and of a and b
BUSY = 1.2  # per e-fold of gradient
ACROSS = 1.0  # per square root of the object's area


class Place(NamedTuple):
    """Where an object is and how large, in pixels."""

    x: float  # of the middle
    y: float
    size: float  # square root of its area


def place(values: Grey) -> Place | None:
    """Return the place of a mask; None if nothing of it is sure."""
    moments = cv2.moments((values >= SURE).view(np.uint8), binaryImage=True)
    area = moments["m00"]
    return Place(moments["m10"] / area, moments["m01"] / area, area**0.5) if area else None


def features(patch: Colours, where: Place) -> Features:
    """Return the features of every pixel of the patch, row by row."""
    height, width = patch.shape[:2]
    lab = cv2.cvtColor(patch, cv2.COLOR_BGR2LAB)
    half = cv2.resize(lab, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)
    colours = cv2.GaussianBlur(half, (0, 0), COARSE).astype(np.float32)
    around = np.dstack([colours, *_texture(np.asarray(half[..., 0], np.uint8))])
    known = np.empty((height, width, FEATURES), np.float32)
    known[..., 0:3] = cv2.GaussianBlur(lab, (0, 0), FINE)
    known[..., 3:9] = cv2.resize(around, (width, height), interpolation=cv2.INTER_LINEAR)
    known[..., 0:9] *= _SCALES
    known[..., 9] = (np.arange(width, dtype=np.float32) - where.x) * (ACROSS / where.size)
    known[..., 10] = ((np.arange(height, dtype=np.float32) - where.y) * (ACROSS / where.size))[:, None]
    return known.reshape(-1, FEATURES)


_SCALES = np.array([LIGHT, TINT, TINT, LIGHT, TINT, TINT, BUSY, 1, 1], np.float32)


def _texture(light: Grey) -> tuple[Floats, Floats, Floats]:
    """Return the logarithm of the mean gradient, and its direction as a doubled angle, weak where there is none."""
    dx, dy = (np.asarray(cv2.Scharr(light, cv2.CV_32F, x, 1 - x), np.float32) for x in (1, 0))
    strength = np.asarray(np.hypot(dx, dy), np.float32) + np.float32(FAINT)
    along, aslant = (dx * dx - dy * dy) / strength, (dx * dy + dx * dy) / strength
    mean = _softened(strength)
    return np.log(mean), _softened(along) / mean, _softened(aslant) / mean


def _softened(values: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), GRAIN), np.float32)
